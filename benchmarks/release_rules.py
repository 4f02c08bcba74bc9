"""The release's rules with known truth: how often each steps back for nothing, and how soon for something.

`python -m benchmarks.release_rules --docs docs` writes the tables into docs/release.md and draws the picture, in a few
minutes on one core; without it the tables are printed. The product's own guards decide everywhere.
"""

import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.release_arms import LEADS, PAIRS, Search
from benchmarks.release_rates import (
    conversion_rollbacks,
    delays,
    false_rollbacks,
    one_error_in_25,
    proof_leads,
    searches,
    shadow_rejections,
    slow_minutes_alarms,
    watch_alarms,
    watch_delays,
)
from benchmarks.release_world import Truth, quantiles

ERRORS = {
    "errors 0.5 % in both": Truth(),
    "errors 1 % in both": Truth(candidate=0.01, champion=0.01),
    "candidate 1 %, champion 0.1 %": Truth(candidate=0.01, champion=0.001),
    "errors 1.5 % in both": Truth(candidate=0.015, champion=0.015),
    "a shared outage of 30 minutes": Truth(outage=30),
    "errors 3 % in both (upstream broken)": Truth(candidate=0.03, champion=0.03),
}
LATENCIES = {
    "equal latency": Truth(timed=True),
    "pauses in both: 1 % take ten times as long": Truth(timed=True, pauses=0.01),
    "bursts in both: three times as long": Truth(timed=True, bursts=True),
    "candidate 25 % slower, and bursts": Truth(timed=True, slower=1.25, bursts=True),
}


def false_table(*, runs: int, timed_runs: int) -> str:
    """False steps back of releases without a fault."""
    lines = []
    for guard, cases, count in (("errors", ERRORS, runs), ("latency_p99", LATENCIES, timed_runs)):
        for name, truth in cases.items():
            taken, naive = false_rollbacks(truth, guard, runs=count)
            lines.append(_line(name, guard, count, taken, f"{naive:.0%}"))
    for weight in (0.1, 0.5):
        taken = len(conversion_rollbacks((0.05, 0.05), weight=weight, runs=timed_runs))
        lines.append(_line(f"equal conversion at {weight:.0%}, 12 weeks, daily", "conversion", timed_runs, taken))
    for correlation in (0.95, 0.88):
        taken = shadow_rejections(correlation, runs=timed_runs // 3)
        lines.append(_line(f"shadow, scores correlate by {correlation}", "the three of shift", timed_runs // 3, taken))
    for rate in (0.005, 0.01, 0.015):
        taken = watch_alarms(rate, runs=timed_runs)
        lines.append(_line(f"watch of 48 hours, errors {rate:.1%}", "errors", timed_runs, taken))
    taken = slow_minutes_alarms(0.05, runs=timed_runs)
    lines.append(_line("watch of 48 hours, 5 % of minutes slow", "latency_p99", timed_runs, taken))
    return markdown(["without a fault", "guard", "releases", "taken back", "share", "naive rule"], lines)


def delay_table(*, runs: int) -> str:
    """Leads until a fault takes the candidate back."""
    lines, fewer = [], max(runs // 3, 10)
    for rate in (0.04, 0.05, 0.10, 1.0):
        truth, cells = Truth(candidate=rate), []
        for weight, size, looks in ((0.1, 10, 6000), (0.5, 2, 10_000)):
            each = size if rate < 1 else 1
            found = delays(truth, "errors", weight=weight, size=each, looks=looks, runs=runs)
            cells.append(quantiles(found, runs))
        cells.append(quantiles(watch_delays(rate, healthy=60, runs=runs), runs))
        lines.append([f"errors {rate:.0%}, champion 0.5 %", *cells])
    for slower in (1.6, 2.0, 3.0):
        truth, cells = Truth(timed=True, slower=slower), []
        for weight, size in ((0.1, 200), (0.5, 40)):
            found = delays(truth, "latency_p99", weight=weight, size=size, looks=1500, runs=fewer)
            cells.append(quantiles(found, fewer))
        lines.append([f"latency {slower - 1:+.0%}", *cells, ""])
    return markdown(["fault", "at 10 %", "at 50 %", "in the watch, after an hour of health"], lines)


def conversion_table(*, runs: int) -> str:
    """Days until lost conversions take the candidate back, at 1,190 leads a day."""
    lines = []
    for lost in (0.1, 0.2, 0.3, 0.5):
        rates = (0.05 * (1 - lost), 0.05)
        cells = [quantiles(conversion_rollbacks(rates, weight=weight, runs=runs), runs) for weight in (0.1, 0.5)]
        lines.append([f"{lost:.0%} fewer than 5 %", *cells])
    return markdown(["conversions lost", "days at 10 %", "days at 50 %"], lines)


def proof_table(*, runs: int) -> str:
    """Leads until an error rate is proved to keep its bound."""
    rates = (0.0, 0.001, 0.005, 0.01, 0.015)
    return markdown(
        [f"true rate {rate:.1%}" for rate in rates], [[quantiles(proof_leads(rate, runs=runs), runs) for rate in rates]]
    )


def winner_table(*, runs: int) -> tuple[str, dict[str, list[float]]]:
    """Who is named the winner, and conversions lost, against an even split that names nobody."""
    lines, regret = [], dict[str, list[float]]()
    for strategy in ("ab", "bandit", "champion_challenger"):
        for rates in PAIRS:
            found = searches(strategy, rates, runs=runs)
            lines.append(
                [strategy, f"{rates[0]:.1%} against {rates[1]:.1%}", *_named(found, rates), *_regrets(found, rates)]
            )
            regret.setdefault(strategy, []).append(float(np.mean([item.regret for item in found])))
    head = [
        "strategy",
        "candidate against champion",
        "named right",
        "named wrong",
        "open",
        "right of the named",
        "days",
        "lost",
        "even split loses",
    ]
    return markdown(head, lines), regret


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *lines])


def write(path: Path, tables: Mapping[str, str]) -> None:
    """Put each table between its marks in a document."""
    text = path.read_text("utf-8")
    for name, table in tables.items():
        mark = re.compile(f"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text = mark.sub(lambda found, table=table: f"{found[1]}{table}\n{found[2]}", text)
    path.write_text(text, "utf-8")


def _line(name: str, guard: str, count: int, taken: int, naive: str = "") -> list[str]:
    return [name, guard, f"{count:,}", f"{taken}", f"{taken / count:.2%}", naive]


def _named(found: Sequence[Search], rates: tuple[float, float]) -> list[str]:
    named = [item.named for item in found if item.named is not None]
    days = [float(item.day) for item in found if item.named is not None]
    if rates[0] == rates[1]:
        return ["", f"{len(named) / len(found):.1%}", f"{1 - len(named) / len(found):.0%}", "", ""]
    right = sum(item == (rates[0] > rates[1]) for item in named)
    of = f"{right / len(named):.1%}" if named else ""
    shares = [right / len(found), (len(named) - right) / len(found), 1 - len(named) / len(found)]
    return [f"{shares[0]:.0%}", f"{shares[1]:.1%}", f"{shares[2]:.0%}", of, f"{np.median(days):.0f}" if days else ""]


def _regrets(found: Sequence[Search], rates: tuple[float, float]) -> list[str]:
    lost = [item.regret for item in found]
    even = LEADS / 2 * abs(rates[0] - rates[1])
    return [f"{np.mean(lost):.0f} ({np.quantile(lost, 0.95):.0f})", f"{even:.0f}"]


def main(arguments: Sequence[str]) -> None:
    """Print every table, or write them into the documentation."""
    started = time.perf_counter()
    tables = {"one in 25": f"    {one_error_in_25()}"}
    tables["false"] = false_table(runs=1000, timed_runs=300)
    tables["delays"] = delay_table(runs=300)
    tables["conversions"] = conversion_table(runs=100)
    tables["proof"] = proof_table(runs=300)
    tables["winners"], regret = winner_table(runs=300)
    for name, table in tables.items():
        print(f"\n{name}\n\n{table}", flush=True)
    if "--docs" in arguments:
        from benchmarks.release_pictures import draw

        folder = Path(arguments[arguments.index("--docs") + 1])
        write(folder / "release.md", tables)
        draw(folder, regret)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
