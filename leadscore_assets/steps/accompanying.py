"""A look at the live champion, daily and then weekly after its close watch: one record each."""

from dataclasses import replace

from leadscore_assets.backends.process_usage import usage_of
from leadscore_assets.domain.accompanying import Look, Tenure, look_due, tenure
from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.domain.errors import LeadscoreError
from leadscore_assets.domain.facts import EndpointStatus
from leadscore_assets.domain.live_facts import LiveLook
from leadscore_assets.domain.serving_counts import VariantCounts
from leadscore_assets.steps.drifting import find_drift
from leadscore_assets.steps.freshness import freshness
from leadscore_assets.steps.outcome_reports import latest_realised
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release

_P99 = 0.99
_LAST = "release/look.json"
_DRIFT_WEEKS = 4
_STALE_HOURS = 8 * 24


def look_waits(platform: Platform) -> Look | None:
    """Return the look that is due and was not made yet; None where there is none."""
    found = tenure(present_release(platform))
    look = look_due(found, platform.policy.release, platform.now()) if found else None
    if found is None or look is None:
        return None
    last = last_look(platform)
    made = last is not None and last.digest == found.digest and last.look == look
    return None if made else look


def look_at_champion(platform: Platform) -> LiveLook | None:
    """Make the look that is due, keep it and record it once; return the last one where none is due."""
    found, look = tenure(present_release(platform)), look_waits(platform)
    if found is None or look is None:
        return last_look(platform)
    seen = _seen(platform, found, look)
    platform.ledger.append(
        "accompanied",
        f"package {seen.version}",
        reason=seen.sentence,
        evidence={**seen.to_json(), "bundle": seen.digest, "policy_digest": platform.policy.digest},
        key=f"accompanied:{found.digest}:{found.begun.isoformat()}:{look.stage}:{look.number}",
    )
    platform.lake.write_json(_LAST, seen.to_json())
    return seen


def last_look(platform: Platform) -> LiveLook | None:
    """Return the last look that was made."""
    content = platform.lake.read_json(_LAST)
    return None if content is None else LiveLook.from_json(content)


def newest_drift(platform: Platform) -> tuple[str, str]:
    """Return the newest drift verdict of the last weeks and its sentence; two empty texts without one."""
    last = platform.last_finished_week()
    for manifest in reversed(platform.lake.manifests(last - WEEK * _DRIFT_WEEKS, last)):
        report = find_drift(platform, manifest.week)
        if report:
            return report.verdict.decision, report.verdict.sentence
    return "", ""


def _seen(platform: Platform, found: Tenure, look: Look) -> LiveLook:
    status, realised = platform.endpoint.status(), latest_realised(platform)
    counts = _counts(platform, status, found.digest)
    p99 = counts.quantile(_P99) if counts else None
    drift, sentence = newest_drift(platform)
    seen = LiveLook(
        version=found.version,
        digest=found.digest,
        at=platform.now(),
        look=look,
        running=status.running,
        requests=counts.requests if counts else 0,
        errors=counts.errors if counts else 0,
        p99_ms=None if p99 is None else 1000 * p99,
        usage=usage_of(status.pid),
        drift=drift,
        realised=realised.value if realised else None,
        expected=realised.expected if realised else None,
    )
    return replace(seen, problems=_problems(platform, seen, sentence))


def _counts(platform: Platform, status: EndpointStatus, digest: str) -> VariantCounts | None:
    """Return what the champion answered since the endpoint's present configuration; None where nothing is told."""
    if not status.running:
        return None
    try:
        found = platform.endpoint.counts().variants
    except LeadscoreError:
        return None
    mine = [item for item in found if item.digest == digest]
    return max(mine, key=lambda item: item.requests, default=None)


def _problems(platform: Platform, seen: LiveLook, drift: str) -> tuple[str, ...]:
    rules, fresh = platform.policy.release, freshness(platform)
    found = [] if seen.running else ["the endpoint does not run; see 'leadscore endpoint status'"]
    if seen.requests and seen.errors > rules.errors * seen.requests:
        found.append(f"{seen.errors:,} of {seen.requests:,} requests failed, more than {rules.errors:.0%}")
    if seen.p99_ms is not None and seen.p99_ms > rules.latency_ms:
        found.append(f"one request of a hundred takes more than {seen.p99_ms:,.0f} ms")
    if seen.drift == "alarm":
        found.append(f"the leads drifted: {drift}")
    margin = platform.policy.retraining.realised_margin
    if seen.realised is not None and seen.expected is not None and seen.realised < seen.expected - margin:
        found.append(f"outcomes give {seen.realised:.4f}, and judging {seen.expected:.4f}")
    if fresh.hours is not None and fresh.hours > _STALE_HOURS:
        found.append(f"the newest lead is {fresh.hours // 24} days old; run 'leadscore ingest'")
    return tuple(found)
