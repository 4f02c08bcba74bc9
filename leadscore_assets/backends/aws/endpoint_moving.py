"""Moving an endpoint to a configuration: everything it needs is made, each update is watched, and its end is judged.

Killed at any instant, the same call goes on where the endpoint stands; a wait that is given up undoes nothing.
"""

from contextlib import suppress
from dataclasses import dataclass

from leadscore_assets.backends.aws.alarms import EndpointAlarms
from leadscore_assets.backends.aws.endpoint_service import EndpointService, Seen
from leadscore_assets.backends.aws.endpoint_way import Step, models_of, next_step
from leadscore_assets.backends.aws.requests_endpoint import (
    EndpointPlace,
    Layout,
    configuration_name,
    configuration_request,
    create_request,
    guarded_deployment,
    update_request,
    way_back,
)
from leadscore_assets.backends.aws.scaling import Scaling
from leadscore_assets.domain.errors import LeadscoreError, PermanentError
from leadscore_assets.domain.resources_policy import ResourcesPolicy


@dataclass(frozen=True)
class Goal:
    """Where to go: a configuration's name and content, the number of its generation, and whether it is a way back."""

    configuration: str
    layout: Layout
    number: int
    back: bool = False


class EndpointMover:
    """Brings one endpoint to a goal."""

    def __init__(
        self,
        name: str,
        service: EndpointService,
        *,
        place: EndpointPlace,
        resources: ResourcesPolicy,
        alarms: EndpointAlarms,
        scaling: Scaling,
    ) -> None:
        self._name = name
        self._service = service
        self._place = place
        self._resources = resources
        self._alarms = alarms
        self._scaling = scaling

    def bring(self, goal: Goal) -> Seen:
        """Go there and return what is in service.

        Raises PermanentError when the endpoint failed, or went back by itself, with AWS's reason and the alarms that
        fired; TransientError when time runs out, the change still under way.
        """
        seen = self._service.settle()
        if seen and seen.status in ("Failed", "OutOfService"):
            # Nothing else can be done with it, and it answers nobody.
            self._service.delete()
            seen = None
        if seen is None:
            seen = self._created(goal)
        while not seen.serves(goal.configuration):
            seen = self._stepped(seen, goal)
        return seen

    def follow(self, content: Layout) -> None:
        """Scale and watch what is in service."""
        self._scaling.follow(_machines(content))
        self._alarms.watch()

    def _created(self, goal: Goal) -> Seen:
        self._service.make_configuration(configuration_request(goal.configuration, goal.layout, self._place))
        seen = self._service.create(create_request(self._name, goal.configuration, self._place))
        if seen and seen.status == "InService":
            return seen
        self._service.delete()
        why = (seen.reason if seen else "") or "AWS gave no reason"
        raise PermanentError(
            f"endpoint {self._name} could not be created with configuration {goal.configuration}, and nothing is left "
            f"running: {why}; look at the log group /aws/sagemaker/Endpoints/{self._name}"
        )

    def _stepped(self, seen: Seen, goal: Goal) -> Seen:
        present = self._service.configuration(seen.configuration) or {}
        mixed = seen.status == "UpdateRollbackFailed"
        step = Step(goal.layout) if mixed or not present else next_step(present, goal.layout, back=goal.back)
        name = self._configured(step, goal)
        alarms = self._alarms.watch_fleet(name, list(models_of(step.layout))) if step.guarded else []
        deployment = guarded_deployment(self._resources, alarms) if alarms else way_back() if step.back else None
        then = _machines(step.layout)
        self._scaling.keep_only(_machines(present), then)
        scaled = self._scaling.on and _machines(present) == then
        request = update_request(self._name, name, deployment=deployment, scaled=scaled)
        after = self._service.update(request, seen)
        if after is None or not after.serves(name):
            with suppress(LeadscoreError):
                self._scaling.follow(_machines(present) if after and after.configuration == seen.configuration else {})
            raise PermanentError(self._told(after, seen, name, fired=self._alarms.fired(alarms)))
        return after

    def _configured(self, step: Step, goal: Goal) -> str:
        """Make sure of a step's configuration and return its name; one on the way has a name of its own."""
        last = step.layout == goal.layout
        name = goal.configuration if last else configuration_name(self._name, goal.number, step.layout)
        self._service.make_configuration(configuration_request(name, step.layout, self._place))
        return name

    def _told(self, after: Seen | None, before: Seen, wanted: str, *, fired: list[str]) -> str:
        logs = f"look at the log group /aws/sagemaker/Endpoints/{self._name}"
        if after is None:
            return f"endpoint {self._name} was deleted while it went to {wanted}; run 'leadscore endpoint start'"
        why = "; ".join([after.reason or "AWS gave no reason", *(f"alarm {name} fired" for name in fired)])
        if after.status == "UpdateRollbackFailed":
            mix = f"serves a mix of {before.configuration} and {wanted}"
            return f"endpoint {self._name} {mix}: {why}; run 'leadscore release look', which brings it to one of them"
        if after.status == "Failed":
            return f"endpoint {self._name} failed on its way to {wanted}: {why}; the next deployment creates it anew"
        return f"endpoint {self._name} went back to {after.configuration} and does not serve {wanted}: {why}; {logs}"


def _machines(content: Layout) -> dict[str, str]:
    """Return the instance type of each production variant."""
    return {item["VariantName"]: item["InstanceType"] for item in content.get("ProductionVariants", ())}
