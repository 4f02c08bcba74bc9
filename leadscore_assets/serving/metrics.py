"""The counts as Prometheus reads them: text format 0.0.4, summed over the server's processes."""

from collections.abc import Iterator, Sequence

from leadscore_assets.domain.exposition import Labels, Sample, family, line
from leadscore_assets.domain.routing import shares
from leadscore_assets.domain.serving_counts import LATENCY_BOUNDS, ServingCounts, VariantCounts
from leadscore_assets.serving.desired import Release
from leadscore_assets.serving.status import Counts

_EVERY = 4


def metrics_text(release: Release, counts: ServingCounts, requests: Counts, *, workers: int) -> str:
    """Write every metric of one reading."""
    families = [
        family("leadscore_workers", "gauge", "Worker processes that serve.", [({}, workers)]),
        family("leadscore_generation", "gauge", "Number of the release served.", [({}, release.generation)]),
        *_of_variants(release, counts),
        *_of_shadow(counts),
        family(
            "leadscore_http_requests_total",
            "counter",
            "Invocations by how they ended: served, refused (4xx) or failed (5xx).",
            [({"outcome": name}, getattr(requests, name)) for name in ("served", "refused", "failed")],
        ),
        family("leadscore_captured_total", "counter", "Requests that capture wrote.", [({}, counts.captured)]),
        family("leadscore_capture_lost_total", "counter", "Requests that capture lost.", [({}, counts.capture_lost)]),
    ]
    return "".join(text for found in families for text in found)


def _of_variants(release: Release, counts: ServingCounts) -> Iterator[Iterator[str]]:
    share = shares([(item.name, item.weight) for item in release.variants]) if release.variants else {}
    placed = [{"variant": item.name, "version": item.version, "digest": item.digest[:12]} for item in release.variants]
    weights = [(labels, share[str(labels["variant"])]) for labels in placed]
    yield family("leadscore_variant_weight", "gauge", "Share of the leads that a variant gets, 0 to 1.", weights)
    versions = [({"variant": item.name, "digest": item.digest[:12]}, item.version) for item in release.variants]
    yield family("leadscore_model_version", "gauge", "Version of the model that a variant serves.", versions)
    for name, field, about in _COUNTERS:
        samples = [(_labels(item), float(getattr(item, field))) for item in counts.variants]
        yield family(f"leadscore_{name}_total", "counter", about, samples)
    errors: list[Sample] = []
    for item in counts.variants:
        kinds = {"invalid_output": item.invalid, "internal": item.errors - item.invalid, "client": item.refused}
        errors += [({**_labels(item), "class": kind}, number) for kind, number in kinds.items()]
    yield family("leadscore_errors_total", "counter", "Requests without a score, by whose fault.", errors)
    yield _histogram(counts.variants)


_COUNTERS = (
    ("requests", "requests", "Requests that the routing dealt to a variant and that were not refused."),
    ("targeted_requests", "targeted", "Requests whose client named the variant."),
    ("leads", "leads", "Leads scored."),
    ("distinct_leads", "keys", "Distinct leads, by their first outcome."),
    ("distinct_lead_errors", "key_errors", "Distinct leads whose first outcome was an error."),
)


def _of_shadow(counts: ServingCounts) -> Iterator[Iterator[str]]:
    seen = counts.agreement
    for name, about, value in (
        ("mirrored_total", "Requests copied for the shadow.", seen.mirrored),
        ("dropped_total", "Copies that never reached the shadow, as it was behind.", seen.dropped),
        ("failed_leads_total", "Leads that the shadow refused or failed on.", seen.failed),
        ("pairs_total", "Leads that both production and the shadow scored.", seen.pairs),
        ("other_band_total", "Leads that the shadow puts into another band.", seen.other_band),
        ("gap_sum", "Sum of absolute differences of scores.", seen.gap_sum),
    ):
        yield family(f"leadscore_shadow_{name}", "counter", about, [({}, value)])
    yield family("leadscore_shadow_lag_seconds", "gauge", "How far the shadow is behind.", [({}, seen.lag_seconds)])
    correlation = seen.rank_correlation
    samples: list[Sample] = [] if correlation is None else [({}, correlation)]
    about = "Spearman's correlation of the two scores."
    yield family("leadscore_shadow_rank_correlation", "gauge", about, samples)


def _histogram(variants: Sequence[VariantCounts]) -> Iterator[str]:
    name = "leadscore_latency_seconds"
    yield f"# HELP {name} Work on a request, from its last byte to its answer.\n# TYPE {name} histogram\n"
    for item in variants:
        labels, below = _labels(item), 0
        for place, bound in enumerate(LATENCY_BOUNDS):
            below += item.latency_counts[place]
            if place % _EVERY == _EVERY - 1:
                yield line(f"{name}_bucket", {**labels, "le": f"{bound:.6g}"}, below)
        yield line(f"{name}_bucket", {**labels, "le": "+Inf"}, sum(item.latency_counts))
        yield line(f"{name}_sum", labels, item.latency_seconds)
        yield line(f"{name}_count", labels, sum(item.latency_counts))


def _labels(item: VariantCounts) -> Labels:
    return {"variant": item.name, "version": item.version, "digest": item.digest[:12]}
