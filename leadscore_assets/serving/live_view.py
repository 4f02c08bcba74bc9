"""What the live page shows, as one JSON document: what is served and counted, the last hour, the release's story."""

import time

import msgspec

from leadscore_assets.domain.release_story import Story
from leadscore_assets.domain.routing import shares
from leadscore_assets.domain.serving_counts import Agreement, ServingCounts, VariantCounts
from leadscore_assets.serving.history import Sample, milliseconds
from leadscore_assets.serving.station import Station, all_counts, server_status
from leadscore_assets.serving.status import Counts, ServerStatus, WorkerState


class VariantView(msgspec.Struct, frozen=True):
    """A variant, its share of leads (0 to 1), and what it did since the present configuration; milliseconds."""

    name: str
    version: int
    digest: str
    share: float
    requests: int = 0
    errors: int = 0
    invalid: int = 0
    refused: int = 0
    p50: float | None = None
    p99: float | None = None


class AgreementView(msgspec.Struct, frozen=True):
    """The shadow beside production; shares are of the leads that both scored, the gap is a mean of absolute values."""

    pairs: int
    mirrored: int
    dropped: int
    failed: int
    lag_seconds: float
    rank_correlation: float | None = None
    other_band: float | None = None
    gap: float | None = None


class LiveView(msgspec.Struct, frozen=True):
    """One reading. `at` is the server's clock (epoch seconds); `rollback` says whether the button can work here."""

    at: float
    name: str
    generation: int
    uptime_seconds: float
    requests: Counts
    variants: tuple[VariantView, ...]
    workers: tuple[WorkerState, ...]
    history: tuple[Sample, ...]
    rollback: bool
    error: str | None = None
    shadow: VariantView | None = None
    agreement: AgreementView | None = None
    story: Story | None = None


def live_view(
    station: Station, *, name: str, history: tuple[Sample, ...], story: Story | None, rollback: bool
) -> LiveView:
    """Read everything once; what cannot be read is left out."""
    reports = station.everyone()
    status, counts = server_status(name, "", station, reports), all_counts(reports)
    return LiveView(
        at=time.time(),
        name=name,
        generation=status.generation,
        uptime_seconds=status.uptime_seconds,
        requests=status.requests,
        variants=_variants(status, counts),
        workers=status.workers,
        history=history,
        rollback=rollback,
        error=status.error,
        shadow=_shadow(status, counts),
        agreement=_agreement(counts.agreement) if status.shadow else None,
        story=story,
    )


def _variants(status: ServerStatus, counts: ServingCounts) -> tuple[VariantView, ...]:
    if not status.variants:
        return ()
    share = shares([(item.name, item.weight) for item in status.variants])
    return tuple(
        _view(
            counts.of(item.name, item.digest) or VariantCounts(item.name, item.digest, item.version),
            name=item.name,
            version=item.version,
            share=share[item.name],
        )
        for item in status.variants
    )


def _shadow(status: ServerStatus, counts: ServingCounts) -> VariantView | None:
    shadow = status.shadow
    if shadow is None:
        return None
    known = counts.shadow if counts.shadow and counts.shadow.digest == shadow.digest else None
    found = known or VariantCounts(shadow.name, shadow.digest, shadow.version)
    return _view(found, name=shadow.name, version=shadow.version, share=0.0)


def _view(counts: VariantCounts, *, name: str, version: int, share: float) -> VariantView:
    return VariantView(
        name=name,
        version=version,
        digest=counts.digest[:12],
        share=share,
        requests=counts.requests,
        errors=counts.errors,
        invalid=counts.invalid,
        refused=counts.refused,
        p50=milliseconds(counts, 0.5),
        p99=milliseconds(counts, 0.99),
    )


def _agreement(found: Agreement) -> AgreementView:
    pairs = found.pairs
    return AgreementView(
        pairs=pairs,
        mirrored=found.mirrored,
        dropped=found.dropped,
        failed=found.failed,
        lag_seconds=found.lag_seconds,
        rank_correlation=found.rank_correlation,
        other_band=found.other_band / pairs if pairs else None,
        gap=found.gap_sum / pairs if pairs else None,
    )
