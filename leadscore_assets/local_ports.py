"""Every port of a platform on this machine, kept below one home."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from leadscore_assets.later import Later
from leadscore_assets.settings import Settings


def local_ports(settings: Settings, *, now: Callable[[], datetime]) -> dict[str, Any]:
    """Return the platform's adapters by the name of their port; nothing is read or connected before it is used."""
    from leadscore_assets.backends.local.batch_scorer import LocalBatchScorer
    from leadscore_assets.backends.local.bundles import LocalBundles
    from leadscore_assets.backends.local.captures import LocalCaptures
    from leadscore_assets.backends.local.endpoint import LocalEndpoint
    from leadscore_assets.backends.local.lake import LocalLake
    from leadscore_assets.serving.desired import CaptureRules
    from leadscore_assets.serving.folder import StateFolder

    home, endpoint = settings.home, settings.values.endpoint
    contract, policy = settings.contract(), settings.policy()
    lake, bundles, state = LocalLake(home / "lake"), LocalBundles(home / "bundles"), StateFolder(home / "endpoint")

    def trainer() -> Any:
        from leadscore_assets.backends.local.trainer import LocalTrainer

        return LocalTrainer(folder=home / "training", lake=lake, bundles=bundles)

    def registry() -> Any:
        from leadscore_assets.backends.local.registry import MlflowRegistry

        return MlflowRegistry(folder=home / "registry", now=now)

    return {
        "lake": lake,
        "bundles": bundles,
        "trainer": Later(trainer),
        "registry": Later(registry),
        "scorer": LocalBatchScorer(bundles),
        "captures": LocalCaptures(state.capture_folder, endpoint=endpoint.name, secret=state.secret),
        "endpoint": LocalEndpoint(
            folder=state.path,
            bundles=bundles,
            host=endpoint.host,
            port=endpoint.port,
            name=endpoint.name,
            workers=endpoint.workers,
            home=home,
            capture=CaptureRules(**policy.capture.model_dump(), masked=tuple(sorted(contract.personal))),
        ),
    }
