"""The platform's own numbers for Prometheus: which there are, and their text."""

from collections.abc import Iterable, Mapping

from leadscore_assets.domain.exposition import Sample, family

_MOMENT, _AGE = "_timestamp_seconds", "_age_seconds"

# Every metric that the platform tells, with what it is; rules of alarms may name these and the endpoint's alone.
GAUGES: dict[str, str] = {
    "leadscore_platform_read_timestamp_seconds": "When these numbers were read.",
    "leadscore_job_last_success_timestamp_seconds": "When a job's last good run ended.",
    "leadscore_job_last_failure_timestamp_seconds": "When a job's last failed run ended.",
    "leadscore_tick_timestamp_seconds": "Last tick of a schedule or sensor that is switched on; 0 before the first.",
    "leadscore_newest_lead_timestamp_seconds": "When the newest lead in the lake was created.",
    "leadscore_weeks_missing": "Finished weeks since the first stored one that hold no leads.",
    "leadscore_drift_alarm": "Whether the newest drift report alarms, 0 or 1.",
    "leadscore_champion_version": "Version of the model in production.",
    "leadscore_champion_week_timestamp_seconds": "End of the week that the model in production was trained for.",
    "leadscore_realised_spearman": "Spearman of the champion on its newest week with known outcomes.",
    "leadscore_realised_expected": "The same as it was when the champion was judged.",
    "leadscore_realised_auc": "AUC of the champion on its newest week with known outcomes.",
    "leadscore_release_in_hand": "Whether a candidate is on its way or the champion is closely watched, 0 or 1.",
    "leadscore_release_alarm": "Whether the release in hand has an alarm, 0 or 1.",
    "leadscore_notices_pending": "Letters of notices that are due on a channel and were not delivered there yet.",
    "leadscore_ledger_sound": "Whether the ledger's hash chain holds, 0 or 1.",
    "leadscore_ledger_records": "Records of the ledger.",
    "leadscore_endpoint_up": "Whether the endpoint answers, 0 or 1; absent where a person stopped it.",
    "leadscore_endpoint_memory_bytes": "Resident memory of the endpoint's processes.",
    "leadscore_endpoint_cpu_seconds": "Processor seconds of the endpoint's present processes.",
    "leadscore_training_seconds": "How long the newest training took.",
    "leadscore_training_cost_dollars": "What the newest training cost.",
    "leadscore_training_peak_memory_bytes": "Peak memory of the newest training's process.",
}


def as_ages(samples: Mapping[str, Iterable[Sample]], now: float) -> dict[str, list[Sample]]:
    """Return the samples with moments told as their ages in seconds, by other names, for who cannot ask for the time.

    `now` is in seconds since 1970; what never happened is as old as that.
    """
    found = {}
    for name, items in samples.items():
        moments = name.endswith(_MOMENT)
        key = name.removesuffix(_MOMENT) + _AGE if moments else name
        found[key] = [(labels, now - value if moments else value) for labels, value in items]
    return found


def metrics_text(samples: Mapping[str, Iterable[Sample]]) -> str:
    """Write the samples by metric; a metric without any still says what it is. Raises KeyError for an unknown one."""
    unknown = set(samples) - set(GAUGES)
    if unknown:
        raise KeyError(f"{', '.join(sorted(unknown))} is no metric of the platform; add it to GAUGES")
    found = (family(name, "gauge", about, samples.get(name, ())) for name, about in GAUGES.items())
    return "".join(text for lines in found for text in lines)
