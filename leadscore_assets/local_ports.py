"""Every port of a platform on this machine, kept below one home."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from leadscore_assets.backends.ports import BundleStore
from leadscore_assets.later import Later
from leadscore_assets.settings import Settings


def local_ports(settings: Settings, *, now: Callable[[], datetime]) -> dict[str, Any]:
    """Return the platform's adapters by the name of their port; nothing is read or connected before it is used."""
    from leadscore_assets.backends.local.batch_scorer import LocalBatchScorer
    from leadscore_assets.backends.local.bundles import LocalBundles
    from leadscore_assets.backends.local.captures import LocalCaptures
    from leadscore_assets.backends.local.lake import LocalLake
    from leadscore_assets.serving.folder import StateFolder

    home, name = settings.home, settings.values.endpoint.name
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
        "captures": LocalCaptures(state.capture_folder, endpoint=name, secret=state.secret),
        "endpoint": _endpoint(settings, state.path, bundles),
    }


def _endpoint(settings: Settings, folder: Path, bundles: BundleStore) -> Any:
    from leadscore_assets.backends.local.endpoint import LocalEndpoint
    from leadscore_assets.serving.desired import CaptureRules

    served, capture = settings.values.endpoint, settings.policy().capture
    return LocalEndpoint(
        folder=folder,
        bundles=bundles,
        host=served.host,
        port=served.port,
        name=served.name,
        workers=served.workers,
        home=settings.home,
        capture=CaptureRules(**capture.model_dump(), masked=tuple(sorted(settings.contract().personal))),
    )
