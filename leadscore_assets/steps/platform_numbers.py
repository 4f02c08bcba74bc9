"""The platform's own numbers: read, told to Prometheus as text, and published where the settings say."""

from datetime import datetime

from leadscore_assets.backends.process_usage import usage_of
from leadscore_assets.domain.calendar import WEEK, at_midnight
from leadscore_assets.domain.exposition import Sample
from leadscore_assets.domain.live_facts import Automation
from leadscore_assets.domain.platform_metrics import as_ages, metrics_text
from leadscore_assets.steps.accompanying import newest_drift
from leadscore_assets.steps.freshness import freshness
from leadscore_assets.steps.outcome_reports import latest_realised
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import present_release

_MEGABYTE = 1 << 20
Samples = dict[str, list[Sample]]


def platform_metrics(platform: Platform, automation: Automation) -> str:
    """Return every number in Prometheus's text format."""
    return metrics_text(platform_samples(platform, automation))


def publish_metrics(platform: Platform, automation: Automation) -> int:
    """Publish every number where the settings say, moments as ages; return how many, none where nobody asked."""
    if platform.metrics is None:
        return 0
    now = platform.now()
    return platform.metrics.publish(as_ages(platform_samples(platform, automation), now.timestamp()), now)


def platform_samples(platform: Platform, automation: Automation) -> Samples:
    """Read every number as it is now; what is not known has no sample."""
    found: Samples = {"leadscore_platform_read_timestamp_seconds": [({}, platform.now().timestamp())]}
    for read in (_data, _models, _ledger, _notices, _endpoint):
        found |= read(platform)
    found |= _automation(automation)
    return {name: samples for name, samples in found.items() if samples}


def _automation(automation: Automation) -> Samples:
    jobs = automation.jobs.items()
    return {
        "leadscore_job_last_success_timestamp_seconds": [
            ({"job": name}, item.succeeded.timestamp()) for name, item in jobs if item.succeeded
        ],
        "leadscore_job_last_failure_timestamp_seconds": [
            ({"job": name}, item.failed.timestamp()) for name, item in jobs if item.failed
        ],
        "leadscore_tick_timestamp_seconds": [
            ({"name": name}, at.timestamp() if at else 0.0) for name, at in automation.ticks.items()
        ],
    }


def _data(platform: Platform) -> Samples:
    fresh, (drift, _) = freshness(platform), newest_drift(platform)
    return {
        "leadscore_newest_lead_timestamp_seconds": _at(fresh.newest),
        "leadscore_weeks_missing": [({}, len(fresh.missing))],
        "leadscore_drift_alarm": [({}, float(drift == "alarm"))] if drift else [],
    }


def _models(platform: Platform) -> Samples:
    champion, realised, state = platform.registry.production(), latest_realised(platform), present_release(platform)
    spearman = realised if realised and realised.metric == "spearman" else None
    trained = platform.ledger.records(action="trained", limit=1)
    said = trained[-1].evidence if trained else {}
    return {
        "leadscore_champion_version": [({}, champion.version)] if champion else [],
        "leadscore_champion_week_timestamp_seconds": _at(at_midnight(champion.week + WEEK)) if champion else [],
        "leadscore_realised_spearman": _number(spearman.value if spearman else None),
        "leadscore_realised_expected": _number(spearman.expected if spearman else None),
        "leadscore_realised_auc": _number(realised.auc if realised else None),
        "leadscore_release_in_hand": [({}, float(state.in_hand))],
        "leadscore_release_alarm": [({}, float(bool(state.alarm)))],
        "leadscore_training_seconds": _number(said.get("seconds")),
        "leadscore_training_cost_dollars": _number(said.get("cost")),
        "leadscore_training_peak_memory_bytes": _number(said.get("peak_megabytes"), times=_MEGABYTE),
    }


def _ledger(platform: Platform) -> Samples:
    return {
        "leadscore_ledger_sound": [({}, float(not platform.ledger.verify()))],
        "leadscore_ledger_records": [({}, platform.ledger.head()[0])],
    }


def _notices(platform: Platform) -> Samples:
    outbox = platform.outbox
    return {"leadscore_notices_pending": [({}, outbox.overdue(platform.now()))] if outbox else []}


def _endpoint(platform: Platform) -> Samples:
    status = platform.endpoint.status()
    usage = usage_of(status.pid)
    wanted = bool(status.variants) and not status.stopped
    return {
        "leadscore_endpoint_up": [({}, float(status.running))] if wanted else [],
        "leadscore_endpoint_memory_bytes": _number(usage.megabytes if usage else None, times=_MEGABYTE),
        "leadscore_endpoint_cpu_seconds": _number(usage.cpu_seconds if usage else None),
    }


def _number(value: float | None, *, times: float = 1.0) -> list[Sample]:
    return [] if value is None else [({}, float(value) * times)]


def _at(moment: datetime | None) -> list[Sample]:
    return [] if moment is None else [({}, moment.timestamp())]
