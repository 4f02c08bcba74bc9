"""Every table of error rates of the gates, regenerated with the product's own code: drift rules and promotion rules.

`python -m benchmarks.decisions [--share 0.1] [--docs docs] [--rates]` (or `make bench-decisions`) prints the tables;
`--docs` writes them and their pictures into the documentation. Seeds are fixed, and every core takes its share.
"""

import argparse
import os
import time
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks import drift_rules, promotion_rules, promotion_tables
from benchmarks.decision_pictures import draw_drift
from benchmarks.drift_world import PLANTS, WOBBLE
from benchmarks.promotion_pictures import draw
from leadscore_assets.domain.promotion_policy import PromotionPolicy

DRIFT_WEEKS = {1_000: 200, 10_000: 96, 100_000: 24}
CHANGES = ((10_000, 1_000), (1_000, 10_000))
DRAWS, YEARS = 400, 4_000


def main() -> None:
    """Measure, print, and write what was asked for."""
    asked = _arguments()
    started = time.perf_counter()
    # One thread a process, as the processes share the cores; a spawned one reads this before it imports numpy.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with ProcessPoolExecutor(max_workers=asked.workers, mp_context=get_context("spawn")) as pool:
        drift = _start_drift(pool, asked.share)
        promotion = _start_promotion(pool, asked.share, rates=asked.rates)
        found = {name: _result(jobs) for name, jobs in {**promotion, **drift}.items()}
    tables = _promotion_tables(found) | _drift_tables(found)
    for name, table in tables.items():
        print(f"\n## {name}\n\n{table}")
    if asked.rates:
        promotion_rules.write_rates(found["rates"])
    if asked.docs:
        _write(asked.docs, tables, found)
    print(f"\n{time.perf_counter() - started:.0f} s on {asked.workers} processes, share {asked.share:g}")


def _arguments() -> argparse.Namespace:
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--share", type=float, default=1.0, help="share of the weeks, draws and years")
    reader.add_argument("--docs", type=Path, help="folder of decisions.md and drift.md, whose tables are replaced")
    reader.add_argument("--rates", action="store_true", help="write the rates that 'leadscore policy presets' shows")
    reader.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return reader.parse_args()


def _start_drift(pool: ProcessPoolExecutor, share: float) -> dict[str, dict[Any, Future[Any]]]:
    """Begin the longest first, so that no core waits at the end."""
    weeks = {n: max(int(number * share), 6) for n, number in sorted(DRIFT_WEEKS.items(), reverse=True)}
    ask = drift_rules.measured
    moving = {n: pool.submit(ask, n=n, weeks=w, wobble=WOBBLE, plants=list(PLANTS)) for n, w in weeks.items()}
    still = {n: pool.submit(ask, n=n, weeks=w, wobble=0.0, plants=["N"]) for n, w in weeks.items()}
    runs = max(int(6 * share), 2)
    changed = {
        (name, *change, seed): pool.submit(drift_rules.once_after_a_change, *change, wobble, seed)
        for change in CHANGES
        for name, wobble in (("N0", 0.0), ("N1", WOBBLE))
        for seed in range(runs)
    }
    return {"moving": moving, "still": still, "changed": changed}


def _start_promotion(pool: ProcessPoolExecutor, share: float, *, rates: bool) -> dict[str, Any]:
    draws, years = max(int(DRAWS * share), 20), max(int(YEARS * share), 100)
    singles, every = _some_rules, promotion_rules.simulated_years
    jobs: dict[str, Any] = {
        "week": pool.submit(promotion_rules.week_table, draws=draws),
        "years": {n: pool.submit(every, singles(n), n=n, years=years) for n in (3000, 1000, 20_000)},
        "asked": pool.submit(every, _asking(), n=3000, years=years, approve=True),
        "scan": pool.submit(promotion_rules.guard_scan, n=3000, years=years),
    }
    if rates:
        jobs["rates"] = pool.submit(promotion_rules.rates, draws=draws, years=years)
    return jobs


def _some_rules(n: int) -> dict[str, PromotionPolicy]:
    single = promotion_rules.single_rules()
    return {**single, **promotion_rules.preset_rules()} if n == 3000 else {**single, "default": PromotionPolicy()}


def _asking() -> dict[str, PromotionPolicy]:
    return {name: PromotionPolicy(preset=name) for name in ("automatic_5", "ladder")}


def _result(job: Any) -> Any:
    if isinstance(job, Mapping):
        return {name: item.result() for name, item in job.items()}
    return job.result()


def _promotion_tables(found: Mapping[str, Any]) -> dict[str, str]:
    years = found["years"]
    return {
        "year": promotion_tables.year_table(years[3000]),
        "year, asked": promotion_tables.year_table(found["asked"]),
        "year, 1,000 rows": promotion_tables.regret_table(years[1000]),
        "year, 20,000 rows": promotion_tables.regret_table(years[20_000]),
        "week": found["week"],
        "guard": promotion_tables.guard_table(found["scan"], promotion_rules.best_regret(years[3000])),
    }


def _drift_tables(found: Mapping[str, Any]) -> dict[str, str]:
    return {
        "drift": "\n".join(drift_rules.lines(drift_rates(found))),
        "change of size": _changes(found["changed"]),
    }


def drift_rates(found: Mapping[str, Any]) -> dict[str, dict[int, dict[str, float]]]:
    """Return rule -> n -> column -> share, smallest n first."""
    rates: dict[str, dict[int, dict[str, float]]] = defaultdict(dict)
    for n in sorted(found["moving"]):
        moving, still = found["moving"][n], found["still"][n]
        columns = {"N0": still["N"], "N1": moving["N"], **{name: moving[name] for name in list(PLANTS)[1:]}}
        for rule in still["N"]:
            rates[rule][n] = {name: rules[rule] for name, rules in columns.items()}
    return rates


def _changes(found: Mapping[tuple[str, int, int, int], float]) -> str:
    by_kind: dict[tuple[str, int, int], list[float]] = defaultdict(list)
    for (name, before, after, _), rate in found.items():
        by_kind[name, before, after].append(rate)
    lines = [
        [f"{before:,} to {after:,}", name, f"{sum(rates) / len(rates):.3f}", f"{6 * len(rates)}"]
        for (name, before, after), rates in by_kind.items()
    ]
    return promotion_tables.markdown(["leads a week", "world", "alarms", "weeks"], lines)


def _write(folder: Path, tables: Mapping[str, str], found: Mapping[str, Any]) -> None:
    for document in ("decisions.md", "drift.md"):
        path = folder / document
        path.write_text(with_tables(path.read_text(encoding="utf-8"), tables), encoding="utf-8")
    draw(folder, found["years"][3000], found["scan"])
    draw_drift(folder / "drift_rates.png", drift_rates(found))


def with_tables(text: str, tables: Mapping[str, str]) -> str:
    """Replace the tables that stand between `<!-- measured: NAME -->` and `<!-- end -->`."""
    parts = text.split("<!-- measured: ")
    written = [parts[0]]
    for part in parts[1:]:
        name, rest = part.split(" -->", 1)
        _, after = rest.split("<!-- end -->", 1)
        written.append(f"<!-- measured: {name} -->\n{tables[name]}\n<!-- end -->{after}")
    return "".join(written)


if __name__ == "__main__":
    main()
