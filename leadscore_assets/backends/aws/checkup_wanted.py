"""What a look at an account is for, and what it finds: the words that checkup and its parts share."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsError
from leadscore_assets.domain.resources_policy import ResourcesPolicy

FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "403", "AuthorizationError", "UnauthorizedOperation"})


@dataclass(frozen=True)
class Wanted:
    """What the settings and the policy need of an account."""

    bucket: str
    prefix: str
    owner: str | None
    role: str
    serving_image: str | None
    topic: str | None
    endpoint: str
    group: str
    resources: ResourcesPolicy
    shadow: bool

    def quotas(self) -> dict[str, int]:
        """Return how many machines must be allowed at once, by the quota's own name.

        Traffic moves to a second fleet beside the first one, and a shadow has a fleet of its own.
        """
        rules = self.resources
        kind = "spot training job" if rules.spot else "training job"
        fleets = 3 if self.shadow else 2
        found = {
            f"{rules.training_instance} for {kind} usage": rules.training_hosts,
            f"{rules.endpoint_instance} for endpoint usage": rules.most_instances * fleets,
        }
        if rules.batch_scoring == "transform":
            found[f"{rules.transform_instance} for transform job usage"] = 1
        return found


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `passed` is None where nothing could be seen. What is not sound has a remedy."""

    check: str
    passed: bool | None
    found: str
    remedy: str = ""


Look = Callable[[Account, Wanted], Iterable[Finding]]


def sound(check: str, found: str) -> Finding:
    """Return that a thing is as it must be."""
    return Finding(check, True, found)


def wrong(check: str, found: str, remedy: str) -> Finding:
    """Return that a thing must be mended, and how."""
    return Finding(check, False, found, remedy)


def unseen(check: str, found: str, remedy: str) -> Finding:
    """Return that a thing could not be looked at, and how it could be."""
    return Finding(check, None, found, remedy)


def refused(name: str, error: AwsError) -> Finding:
    """Return what a refused look means: nothing seen where this identity may not look, else a fault."""
    if error.code in FORBIDDEN:
        return unseen(name, "this identity may not look", "attach CheckupPolicy of deploy/aws/permissions.yaml to it")
    return wrong(name, f"{error}", "mend what AWS says, and look again")
