"""One endpoint as SageMaker has it: described, created, updated, deleted and waited for, whatever was asked of it.

SageMaker says "in service" after a return to the old configuration too, so nothing here takes that for success. What
was just made may not be found for a moment, and is asked for again.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.aws.requests_endpoint import Layout
from leadscore_assets.backends.aws.waiting import Patience, await_end

SETTLED = frozenset({"InService", "Failed", "OutOfService", "UpdateRollbackFailed"})
SERVES = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed"})
_STILL_LOOKS = 3
_TRIES = 8
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Seen:
    """An endpoint as SageMaker describes it; `progress` is how far a deployment is, in AWS's own words."""

    status: str
    configuration: str
    reason: str = ""
    progress: str = ""

    @property
    def settled(self) -> bool:
        """Whether nothing is under way."""
        return self.status in SETTLED

    def serves(self, configuration: str) -> bool:
        """Tell whether the endpoint is in service with this configuration."""
        return (self.status, self.configuration) == ("InService", configuration)


class EndpointService:
    """The calls about one endpoint, its configurations and its models."""

    def __init__(self, account: Account, name: str, patience: Patience) -> None:
        self._account = account
        self._name = name
        self._patience = patience

    def look(self) -> Seen | None:
        """Describe the endpoint; None where there is none."""
        found = _found(lambda: self._account.call("sagemaker", "describe_endpoint", EndpointName=self._name))
        if found is None:
            return None
        return Seen(
            status=found["EndpointStatus"],
            configuration=found.get("EndpointConfigName", ""),
            reason=found.get("FailureReason", ""),
            progress=_progress(found.get("PendingDeploymentSummary", {})),
        )

    def settle(self) -> Seen | None:
        """Wait until nothing is under way; return what is there then."""
        return self._awaited(lambda seen: seen is None or seen.settled)

    def create(self, request: dict[str, Any]) -> Seen | None:
        """Create the endpoint and wait until it is in service or has failed."""
        self._once(lambda: self._account.call("sagemaker", "create_endpoint", **request))
        return self._settled_again(None)

    def update(self, request: dict[str, Any], before: Seen) -> Seen | None:
        """Begin an update and wait for its end, whatever that is; one that is under way already is waited for."""
        self._once(lambda: self._account.call("sagemaker", "update_endpoint", **request))
        return self._settled_again(before)

    def delete(self) -> None:
        """Delete the endpoint and wait until it is gone; its configuration stays. Deleting nothing is no fault."""
        if self.settle() is None:
            return
        _found(lambda: self._account.call("sagemaker", "delete_endpoint", EndpointName=self._name))
        self._awaited(lambda seen: seen is None)

    def make_model(self, request: dict[str, Any]) -> None:
        """Create a model unless one of this name, and so of this content, is there."""
        if self.model(request["ModelName"]) is None:
            self._once(lambda: self._account.call("sagemaker", "create_model", **request))

    def make_configuration(self, request: dict[str, Any]) -> None:
        """Create an endpoint configuration unless one of this name, and so of this content, is there."""
        if self.configuration(request["EndpointConfigName"]) is None:
            self._once(lambda: self._account.call("sagemaker", "create_endpoint_config", **request))

    def configuration(self, name: str) -> Layout | None:
        """Describe an endpoint configuration; None where there is none."""
        return _found(lambda: self._account.call("sagemaker", "describe_endpoint_config", EndpointConfigName=name))

    def model(self, name: str) -> dict[str, Any] | None:
        """Describe a model; None where there is none."""
        return _found(lambda: self._account.call("sagemaker", "describe_model", ModelName=name))

    def _once(self, ask: Callable[[], object]) -> None:
        """Ask for something once: what it names may not be found yet, and an earlier try may have been heard."""
        tries = 0

        def asked() -> bool | None:
            nonlocal tries
            tries += 1
            try:
                ask()
            except AwsRefused as error:
                if absent(error) and tries < _TRIES:
                    return None
                if not _heard(error):
                    raise
            return True

        await_end(asked, what=f"a call about endpoint {self._name}", patience=self._patience)

    def _settled_again(self, before: Seen | None) -> Seen | None:
        """Wait for the end of what was just begun; what still looks as it did before may not have begun yet."""
        still, begun = 0, False

        def ended(seen: Seen | None) -> bool:
            nonlocal still, begun
            begun = begun or seen != before
            still += seen == before
            return (begun or still > _STILL_LOOKS) and (seen is None or seen.settled)

        return self._awaited(ended)

    def _awaited(self, ended: Callable[[Seen | None], bool]) -> Seen | None:
        told = ""

        def look() -> tuple[Seen | None] | None:
            nonlocal told
            seen = self.look()
            said = f"{seen.status} {seen.progress}".rstrip() if seen else "is not there"
            if said != told:
                log.info("endpoint %s: %s", self._name, said)
                told = said
            return (seen,) if ended(seen) else None

        return await_end(look, what=f"the change of endpoint {self._name}", patience=self._patience)[0]


def absent(error: AwsRefused) -> bool:
    """Tell whether AWS refused since what is named is not there."""
    return error.code == "ValidationException" and "Could not find" in f"{error}"


def _heard(error: AwsRefused) -> bool:
    """Tell whether AWS refused since the same was asked before, by a try whose answer was lost."""
    return error.code == "ValidationException" and any(word in f"{error}" for word in ("already exist", "in-progress"))


def _found(describe: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return describe()
    except AwsRefused as error:
        if absent(error):
            return None
        raise


def _progress(pending: dict[str, Any]) -> str:
    """Return how far a deployment is: each variant's stages."""
    stages = [
        f"{item['VariantName']} {stage.get('Status', '')}"
        for item in pending.get("ProductionVariants", ())
        for stage in item.get("VariantStatus", ())
    ]
    return ", ".join(stages)
