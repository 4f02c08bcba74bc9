"""What each kind of notice says, and the key that makes it the same notice when its step is done again.

Keys are of content: digests, versions, runs and moments. Sentences come from the steps that decided.
"""

from datetime import date, datetime

from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.notices import Notice

_LONG = 2_000


def retrained(week: date, *, decision: str, sentence: str, evaluation: str, at: datetime) -> Notice:
    """Say that a week's candidate was trained and judged, and what became of it."""
    subject = f"Lead scoring: week {week} retrained, {decision.replace('_', ' ')}"
    return Notice("retrained", subject, sentence, at, f"retrained:{week}:{evaluation}")


def drifted(week: date, *, sentence: str, report: str, at: datetime, page: str = "") -> Notice:
    """Say that a week's leads are not what the model learnt from."""
    return Notice("drift", f"Lead scoring: leads of week {week} drifted", sentence, at, f"drift:{week}:{report}", page)


def promotion_coming(version: int, *, moves: datetime | None, why: str, at: datetime, key: str) -> Notice:
    """Say, before any traffic moves, when a version will begin to answer leads (None: now), and how to stop it."""
    when = f"at {moves:%Y-%m-%d %H:%M} UTC" if moves else "now"
    text = f"{why} 'leadscore release decline {version}' stops it."
    return Notice("promotion_coming", f"Lead scoring: version {version} sets off {when}", text, at, f"coming:{key}")


def promoted(version: int, *, reason: str, at: datetime, key: str) -> Notice:
    """Say that a version answers all leads now."""
    return Notice("promoted", f"Lead scoring: version {version} answers all leads", reason, at, f"promoted:{key}")


def stayed(version: int, *, reason: str, at: datetime, key: str) -> Notice:
    """Say that the close watch of a version that answers all leads is over."""
    return Notice("promoted", f"Lead scoring: version {version} stays, its watch is over", reason, at, f"stayed:{key}")


def rolled_back(version: int, *, reason: str, at: datetime, key: str) -> Notice:
    """Say that a version was taken back."""
    return Notice("rolled_back", f"Lead scoring: version {version} was taken back", reason, at, f"rolled-back:{key}")


def gate_failed(gate: str, week: date, *, reasons: str, stops: bool, at: datetime, key: str) -> Notice:
    """Say that a gate failed, also where nothing is stopped by it and the run stays green."""
    effect = "Nothing follows for this week until it passes." if stops else "The run went on: this gate only warns."
    subject = f"Lead scoring: {gate.replace('_', ' ')} failed for week {week}"
    return Notice("gate_failed", subject, f"{reasons} {effect}", at, key)


def run_failed(run: str, job: str, *, week: str, problem: str, at: datetime) -> Notice:
    """Say that a run failed, by its number, and the first of what it said."""
    about = f" for week {week}" if week else ""
    text = f"Run {run} failed: {problem[:_LONG]}"
    return Notice("run_failed", f"Lead scoring: {job}{about} failed", text, at, f"run-failed:{run}")


def sensor_silent(name: str, *, last: datetime | None, expected: datetime, at: datetime) -> Notice:
    """Say that a sensor or schedule does not tick any more; told once a silence."""
    since = f"last ticked at {last:%Y-%m-%d %H:%M} UTC" if last else "never ticked"
    text = (
        f"{name} {since} and should have by {expected:%Y-%m-%d %H:%M} UTC. Look whether the Dagster daemon runs and "
        "whether somebody stopped it; 'leadscore notices silent' looks again."
    )
    return Notice(
        "sensor_silent", f"Lead scoring: {name} stopped ticking", text, at, f"silent:{name}:{last or expected}"
    )


def weekly_report(week: date, *, headline: str, summary: str, at: datetime, page: str = "") -> Notice:
    """Say what a week brought, once a week; the page about it goes along."""
    return Notice("weekly_report", f"Lead scoring, week {week}: {headline}", summary, at, f"weekly:{week}", page)


def trial(channel: str, at: datetime) -> Notice:
    """Say that a channel works; every trial is a notice of its own."""
    text = "This is a trial: notices of the lead scorer arrive here."
    return Notice("weekly_report", "Lead scoring: a trial", text, at, digest_of([channel, at.isoformat()]))
