"""What deployments leave behind: configurations and models that nothing needs, and alarms of fleets that are settled.

Only names that this endpoint's own deployments give are touched.
"""

import logging
import re
from collections.abc import Iterable

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.alarms import EndpointAlarms
from leadscore_assets.backends.aws.endpoint_service import EndpointService
from leadscore_assets.backends.aws.endpoint_way import all_models
from leadscore_assets.domain.errors import LeadscoreError

log = logging.getLogger(__name__)


class Leftovers:
    """Clears up behind one endpoint's deployments."""

    def __init__(self, account: Account, name: str, service: EndpointService, alarms: EndpointAlarms) -> None:
        self._account = account
        self._name = name
        self._service = service
        self._alarms = alarms

    def sweep(self, needed: Iterable[str], *, issued: int) -> None:
        """Delete all but these configurations, the one in service, what came after a generation, and their models.

        What cannot be deleted now is logged and deleted by a later sweep: it costs nothing and stops nobody. While a
        change is under way nothing is touched.
        """
        try:
            self._sweep(set(needed), issued)
        except LeadscoreError as error:
            log.warning("endpoint %s: what is no longer needed is left for later: %s", self._name, error)

    def _sweep(self, needed: set[str], issued: int) -> None:
        seen = self._service.look()
        if seen and not seen.settled:
            return
        self._alarms.forget_fleets()
        needed |= {seen.configuration} if seen else set()
        kept = set()
        for name, number in self._configurations():
            if name in needed or number > issued:
                kept.add(name)
            else:
                self._account.call("sagemaker", "delete_endpoint_config", EndpointConfigName=name)
        self._sweep_models(kept)

    def _configurations(self) -> list[tuple[str, int]]:
        """Return this endpoint's configurations, each with the number of the generation that made it."""
        ours = re.compile(rf"{self._name}-g(\d+)-[0-9a-f]{{8}}")
        found = self._account.pages(
            "sagemaker", "list_endpoint_configs", "EndpointConfigs", NameContains=f"{self._name}-g"
        )
        matches = [ours.fullmatch(item["EndpointConfigName"]) for item in found]
        return [(match[0], int(match[1])) for match in matches if match]

    def _sweep_models(self, configurations: set[str]) -> None:
        described = (self._service.configuration(name) or {} for name in configurations)
        used = {model for content in described for model in all_models(content)}
        ours = re.compile(rf"{self._name}-v\d+-[0-9a-f]{{8}}")
        found = self._account.pages("sagemaker", "list_models", "Models", NameContains=f"{self._name}-v")
        for name in [item["ModelName"] for item in found]:
            if ours.fullmatch(name) and name not in used:
                self._account.call("sagemaker", "delete_model", ModelName=name)
