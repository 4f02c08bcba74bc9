"""The year as a page of the documentation, and as lines for a terminal."""

from benchmarks.year.facts import Judged, Year
from benchmarks.year.judgement import Finding
from benchmarks.year.story import STORY, WEEKS, week_of

PICTURE = "year.png"
_ABOUT = f"""# A year in minutes

`make year` lives {WEEKS} weeks of generated leads under a held clock and writes this page. The product does all of it
itself: Dagster's own evaluation of schedules and sensors asks for runs, runs ingest, watch, train, judge, release and
report, a real scoring server answers clients, and nobody helps. Only the leads' makers, two people who edit the policy
and a power cut come from outside. Because leads are generated, the best order of them that any model could give is
known, and the platform is judged by it without ever seeing it.

Leads are few ({{rows:,}} in the year, ten features), so that it takes minutes. The daemon looks on Mondays and
Thursdays only, and silence is told after five days.

![What answered, how well, and what was decided when]({PICTURE})
"""


def document(year: Year, findings: list[Finding]) -> str:
    """Write the page."""
    rows = sum(week.rows for week in year.weeks)
    parts = [
        _ABOUT.format(rows=rows),
        "## What was planted\n\n" + _planted(),
        "## What came of it\n\n" + _findings(findings),
        f"## Every verdict\n\n{_VERDICTS}\n\n" + _verdicts(year.judged),
        "## In figures\n\n" + _figures(year),
    ]
    return "\n".join(parts)


def as_text(findings: list[Finding]) -> str:
    """Write a line a finding."""
    return "\n".join(f"{'ok  ' if item.holds else 'FAIL'} {item.name}: {item.told}" for item in findings)


def _planted() -> str:
    head = "| week | what | what happens | what is expected |\n|---|---|---|---|\n"
    lines = [
        f"| {item.week}, {week_of(item.week)} | {item.name} | {item.happens} | {item.expected} |" for item in STORY
    ]
    return head + "\n".join(lines) + "\n"


def _findings(findings: list[Finding]) -> str:
    head = "| what must hold | holds | figures |\n|---|---|---|\n"
    return (
        head
        + "\n".join(f"| {item.name} | {'yes' if item.holds else '**no**'} | {item.told} |" for item in findings)
        + "\n"
    )


_VERDICTS = """The gain that the platform reckoned with (shrunken by its own history) stands beside the true one: the
difference in agreement with the best attainable order, on fresh leads of the week in which it was decided."""


def _verdicts(judged: tuple[Judged, ...]) -> str:
    head = (
        "| day | week | because of | decided | reckoned gain | true gain | version |\n|---|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(_verdict(item) for item in judged) + "\n"


def _verdict(item: Judged) -> str:
    reckoned = f"{item.gain:+.4f}" if item.gain is not None else ""
    true = f"{item.truth:+.4f}" if item.truth is not None else ""
    version = item.version or ""
    cause = item.cause.replace("_", " ")
    return f"| {item.at:%Y-%m-%d} | {item.week} | {cause} | {item.decision} | {reckoned} | {true} | {version} |"


def _figures(year: Year) -> str:
    actions = sorted({item.action for item in year.records})
    counted = ", ".join(f"{name} {len(year.of(name))}" for name in actions)
    runs = ", ".join(f"{name} {count}" for name, count in sorted(year.runs.items()))
    ticks = ", ".join(f"{name} {count}" for name, count in sorted(year.ticks.items()))
    return (
        f"Runs: {runs}.\n\nTicks: {ticks}.\n\nRecords in the ledger: {counted}.\n\n"
        f"{year.requests:,} requests to the endpoint, {year.unanswered} without an answer.\n"
    )
