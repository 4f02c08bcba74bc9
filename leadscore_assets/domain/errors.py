"""What can go wrong, as two kinds: an error that a retry cannot mend, and one that it may.

Every message names the noun, the value and the remedy; wiring turns these into Dagster's own failures.
"""


class LeadscoreError(Exception):
    """Base of every error whose message is written for the person who runs the product."""


class PermanentError(LeadscoreError):
    """Trying again gives the same result: input, settings or evidence must change first."""


class TransientError(LeadscoreError):
    """Trying again later may succeed: a busy lock, a server that is starting, a lost connection."""


class Overtaken(TransientError):
    """Another writer was first: the decision stands on what is no longer so."""


class InvalidInput(PermanentError):
    """A file, row, setting or request breaks a rule that the message names."""


class NotEnoughData(PermanentError):
    """There are fewer matured rows than the policy's minimum."""


class CorruptArtefact(PermanentError):
    """Stored bytes do not match their digest, or a bundle does not reproduce its golden rows."""


class Missing(PermanentError):
    """Something that an earlier step makes does not exist yet."""


class Refused(PermanentError):
    """The evidence for a release does not hold."""


def oneline(problems: list[str], *, limit: int = 12) -> str:
    """Join several problems into one message, so that a person mends them in one go."""
    shown = problems[:limit]
    more = [f"and {len(problems) - limit} more"] if len(problems) > limit else []
    return "; ".join(shown + more)
