"""What people said to a version's release, and whether that is enough at a moment.

Pure: the ledger's words, the rules and the clock come in. A word is bound to a bundle's digest, so that what was said
of one version never releases another, and every answer is worked out again from all words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import product
from typing import Literal

from leadscore_assets.domain.approval_policy import ApprovalPolicy
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.facts import Record
from leadscore_assets.domain.release_state import Model

Word = Literal["approved", "declined", "withdrawn"]
COMMENT_CHARACTERS = 500
_IN_THE_UI = " (Dagster UI)"


@dataclass(frozen=True)
class Approval(Record):
    """One word of one person, in a role, on one bundle; `way` is how it came, `nonce` that of a signed link."""

    version: int
    digest: str
    role: str
    who: str
    decision: Word
    at: datetime
    comment: str = ""
    expires: datetime | None = None
    way: str = "command"
    nonce: str = ""

    @property
    def person(self) -> str:
        """Who spoke, as names are compared."""
        return person(self.who)


@dataclass(frozen=True)
class Question:
    """What is asked about a version: the roles that must agree, who holds them, and who launched its training."""

    model: Model
    required: tuple[str, ...]
    rules: ApprovalPolicy
    holders: Mapping[str, Sequence[str]] = field(default_factory=dict)
    launchers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Standing(Record):
    """Where a question stands: what counts, which roles are missing, who declined, and what does not count and why."""

    given: tuple[Approval, ...] = ()
    missing: tuple[str, ...] = ()
    declined: Approval | None = None
    void: tuple[str, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether every required role agreed and nobody declined."""
        return not self.missing and self.declined is None

    @property
    def expires(self) -> datetime | None:
        """When the first of the approvals that count expires."""
        return min((item.expires for item in self.given if item.expires), default=None)

    @property
    def people(self) -> str:
        """Who agreed, in which role."""
        return ", ".join(f"{item.who} as {item.role}" for item in self.given)

    @property
    def digest(self) -> str:
        """SHA-256 of what counts: another set of approvals is announced anew."""
        return digest_of([item.to_json() for item in self.given])


@dataclass(frozen=True)
class Clearance(Record):
    """What a waiting version's release comes to now; `until` is when a notice period ends."""

    step: Literal["declined", "missing", "announce", "notice", "go"]
    sentence: str
    until: datetime | None = None


def person(actor: str) -> str:
    """Return an actor's name as names are compared: without the way it came, spaces around it, and case."""
    return actor.removesuffix(_IN_THE_UI).strip().casefold()


def one_line(text: str) -> str:
    """Return a comment on one line of visible characters, cut to its longest."""
    seen = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(seen.split())[:COMMENT_CHARACTERS]


def standing(words: Iterable[Approval], question: Question, now: datetime) -> Standing:
    """Work out from all words on a version, oldest first, which of them count at a moment."""
    last: dict[tuple[str, str], Approval] = {}
    for word in words:
        if Model(word.digest, word.version) == question.model:
            last[word.role, word.person] = word
    declined = next((word for word in last.values() if word.decision == "declined"), None)
    approved = [word for word in last.values() if word.decision == "approved" and word.role in question.required]
    void = {id(word): _void(word, question, now) for word in approved}
    counted = _shared_out([word for word in approved if not void[id(word)]], question)
    return Standing(
        tuple(counted.values()),
        tuple(role for role in question.required if role not in counted),
        declined,
        tuple(why for why in void.values() if why),
    )


def objection(words: Sequence[Approval], question: Question, *, role: str, who: str, now: datetime) -> str:
    """Say why a person's approval in a role would not count; empty when it would."""
    if role not in question.required:
        asked = ", ".join(question.required) or "no role"
        return (
            f"the release of version {question.model.version} asks for {asked}, and not for {role}; name one of these"
        )
    if why := _not_his(role, who, question):
        return why
    others = [item for item in standing(words, question, now).given if item.role != role and item.person == person(who)]
    if question.rules.two_people and others:
        return f"{who} approved as {others[0].role} already, and the policy asks two people; let another one approve"
    return ""


def clearance(
    found: Standing, *, version: int, announced: datetime | None, rules: ApprovalPolicy, now: datetime
) -> Clearance:
    """Return what a version's release comes to; the notice period begins when it was announced.

    A clock that goes back lets nothing go earlier.
    """
    if found.declined:
        comment = f": {found.declined.comment}" if found.declined.comment else ""
        return Clearance("declined", f"declined by {found.declined.who}{comment}")
    if found.missing:
        void = f" ({'; '.join(found.void)})" if found.void else ""
        given = f", approved by {found.people}" if found.given else ""
        return Clearance(
            "missing", f"version {version} waits for approval as {' and as '.join(found.missing)}{given}{void}"
        )
    agreed = f"approved by {found.people}" if found.given else "it passed its gates and needs no approval"
    if not rules.notice_hours:
        return Clearance("go", agreed)
    if announced is None:
        return Clearance("announce", f"version {version}: {agreed}; administrators are told first")
    until = announced + timedelta(hours=rules.notice_hours)
    if now < until:
        return Clearance("notice", f"version {version}: {agreed}; it sets off at {until:%Y-%m-%d %H:%M} UTC", until)
    return Clearance("go", agreed)


def _void(word: Approval, question: Question, now: datetime) -> str:
    limit = word.at + timedelta(hours=question.rules.expires_hours)
    ends = min(word.expires or limit, limit)
    if now >= ends:
        return f"the approval of {word.who} as {word.role} expired at {ends:%Y-%m-%d %H:%M} UTC"
    return _not_his(word.role, word.who, question)


def _not_his(role: str, who: str, question: Question) -> str:
    holders = question.holders.get(role, ())
    if holders and person(who) not in {person(name) for name in holders}:
        return f"{who} may not approve as {role}, {', '.join(holders)} may; see [approval.roles] in leadscore.toml"
    if not question.rules.launcher_may_approve and person(who) in {person(name) for name in question.launchers}:
        version = question.model.version
        return f"{who} launched the training of version {version}, and may not approve it; let another person approve"
    return ""


def _shared_out(approved: Sequence[Approval], question: Question) -> dict[str, Approval]:
    """Give each role one approval, as many roles as can be; of two ways the one that lasts longer."""
    offers = [[None, *(word for word in approved if word.role == role)] for role in question.required]
    best: list[Approval] = []
    for choice in product(*offers):
        taken = [word for word in choice if word]
        alone = len({word.person for word in taken}) == len(taken) or not question.rules.two_people
        if alone and _worth(taken) > _worth(best):
            best = taken
    return {word.role: word for word in best}


def _worth(taken: Sequence[Approval]) -> tuple[int, float]:
    return len(taken), min((word.expires.timestamp() for word in taken if word.expires), default=0.0)
