"""Where local or AWS is decided, once: settings in, a platform of adapters out."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from leadscore_assets.aws_account import open_account
from leadscore_assets.backends.ports import LeadSource, Ledger, MetricPublisher, Outbox
from leadscore_assets.later import Later
from leadscore_assets.notice_channels import channels_of
from leadscore_assets.settings import Settings
from leadscore_assets.steps.platform import Platform

if TYPE_CHECKING:
    import dagster as dg


def system_clock() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def open_platform(
    settings: Settings, *, actor: str | None = None, now: Callable[[], datetime] = system_clock
) -> Platform:
    """Open every port of a home; nothing is read or connected before it is used."""
    ledger = Later(lambda: _ledger(settings.ledger_url, actor or settings.actor, now))
    if settings.values.platform == "aws":
        from leadscore_assets.aws_ports import aws_ports as ports
    else:
        from leadscore_assets.local_ports import local_ports as ports
    return Platform(
        contract=settings.contract(),
        policy=settings.policy(),
        start_week=settings.values.start_week,
        source=Later(lambda: open_source(settings, now=now)),
        ledger=ledger,
        now=now,
        holders=settings.values.approval.roles,
        actor=actor or settings.actor,
        outbox=Later(lambda: _outbox(ledger)),
        channels=channels_of(settings),
        metrics=_metrics(settings),
        **ports(settings, now=now),
    )


def _ledger(url: str, actor: str, now: Callable[[], datetime]) -> Ledger:
    from leadscore_assets.backends.ledger import SqlLedger

    return SqlLedger(url, actor=actor, now=now)


def _outbox(ledger: Ledger) -> Outbox:
    from leadscore_assets.backends.outbox import SqlOutbox

    return SqlOutbox(ledger)  # type: ignore[arg-type]


def _metrics(settings: Settings) -> MetricPublisher | None:
    aws, namespace = settings.values.aws, settings.values.metrics_namespace
    if aws is None or namespace is None:
        return None
    from leadscore_assets.backends.aws.metrics import CloudWatchMetrics

    who = {"home": settings.home.name, "endpoint": settings.values.endpoint.name}
    return CloudWatchMetrics(open_account(aws), namespace=namespace, dimensions=who)


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
