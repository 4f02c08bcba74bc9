"""Where local or AWS is decided, once: settings in, a platform of adapters out."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from leadscore_assets.backends.ports import BundleStore, Lake, LeadSource, Ledger, ModelRegistry, Outbox, Trainer
from leadscore_assets.notice_channels import channels_of
from leadscore_assets.settings import Settings
from leadscore_assets.steps.platform import Platform

if TYPE_CHECKING:
    import dagster as dg


def system_clock() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


class _Later:
    """A port that is opened, its libraries imported, when it is first used: going back must not wait for either."""

    def __init__(self, opening: Callable[[], Any]) -> None:
        self._opening = opening

    @cached_property
    def _opened(self) -> Any:
        return self._opening()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._opened, name)


def open_platform(
    settings: Settings, *, actor: str | None = None, now: Callable[[], datetime] = system_clock
) -> Platform:
    """Open every port of a home; nothing is read or connected before it is used."""
    from leadscore_assets.backends.local.batch_scorer import LocalBatchScorer
    from leadscore_assets.backends.local.bundles import LocalBundles
    from leadscore_assets.backends.local.endpoint import LocalEndpoint
    from leadscore_assets.backends.local.lake import LocalLake
    from leadscore_assets.serving.desired import CaptureRules

    home, values = settings.home, settings.values
    contract, policy = settings.contract(), settings.policy()
    lake, bundles = LocalLake(home / "lake"), LocalBundles(home / "bundles")
    ledger = _Later(lambda: _ledger(home, values.ledger.url, actor or settings.actor, now))
    return Platform(
        contract=contract,
        policy=policy,
        start_week=values.start_week,
        source=_Later(lambda: open_source(settings, now=now)),
        lake=lake,
        trainer=_Later(lambda: _trainer(home, lake, bundles)),
        bundles=bundles,
        registry=_Later(lambda: _registry(home, now)),
        scorer=LocalBatchScorer(bundles),
        endpoint=LocalEndpoint(
            folder=home / "endpoint",
            bundles=bundles,
            host=values.endpoint.host,
            port=values.endpoint.port,
            name=values.endpoint.name,
            workers=values.endpoint.workers,
            home=home,
            capture=CaptureRules(**policy.capture.model_dump(), masked=tuple(sorted(contract.personal))),
        ),
        ledger=ledger,
        now=now,
        outbox=_Later(lambda: _outbox(ledger)),
        channels=channels_of(settings),
    )


def _trainer(home: Path, lake: Lake, bundles: BundleStore) -> Trainer:
    from leadscore_assets.backends.local.trainer import LocalTrainer

    return LocalTrainer(folder=home / "training", lake=lake, bundles=bundles)


def _registry(home: Path, now: Callable[[], datetime]) -> ModelRegistry:
    from leadscore_assets.backends.local.registry import MlflowRegistry

    return MlflowRegistry(folder=home / "registry", now=now)


def _ledger(home: Path, url: str | None, actor: str, now: Callable[[], datetime]) -> Ledger:
    from leadscore_assets.backends.ledger import SqlLedger

    return SqlLedger(url or f"sqlite:///{home / 'ledger.db'}", actor=actor, now=now)


def _outbox(ledger: Any) -> Outbox:
    from leadscore_assets.backends.outbox import SqlOutbox

    return SqlOutbox(ledger)


def open_source(settings: Settings, *, now: Callable[[], datetime] = system_clock) -> LeadSource:
    """Open the lead source that the home's settings name."""
    from leadscore_assets.lead_sources import source_of

    return source_of(settings, now=now)


def open_sample(data: str, settings: Settings) -> pa.Table:
    """Read every row of a file, folder, pattern, S3 URI or Delta table that a person names on the command line."""
    from leadscore_assets.lead_sources import sample_named

    return sample_named(data, settings)


def platform_resource(settings: Settings) -> "dg.ResourceDefinition":
    """Return the Dagster resource that opens a home's platform once a run, in the name of whoever launched it."""
    import dagster as dg

    def _open(context: "dg.InitResourceContext") -> Platform:
        run = context.run
        return open_platform(settings, actor=launcher(run.tags, settings.actor) if run else None)

    return dg.ResourceDefinition(resource_fn=_open, description="The site's rules and one adapter for every port.")


def launcher(tags: dict[str, str] | object, actor: str) -> str:
    """Return who launched a run: a schedule, a sensor, a command's user, else somebody in the UI."""
    known = dict(tags) if isinstance(tags, dict) else {}
    for tag, kind in (("dagster/schedule_name", "schedule"), ("dagster/sensor_name", "sensor")):
        if tag in known:
            return f"{kind} {known[tag]}"
    return known.get("leadscore/actor") or known.get("user") or f"{actor} (Dagster UI)"
