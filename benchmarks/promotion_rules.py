"""The promotion rules side by side, with known truth: how often each promotes what, and what a year of it costs.

`python -m benchmarks.decisions` prints the tables. The product's own code decides everywhere: `decide` on the rows of
one week, `climb`, `noise`, `prior` and `shrink` over the years.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.promotion_tables import markdown, share
from benchmarks.promotion_world import METRICS, WEEK_NOISE, WORLDS, Array, World, draw_pair, draw_world, joint_metrics
from benchmarks.promotion_world import metrics_of as measure
from leadscore_assets.domain.comparison import compare, paired_bootstrap, spearman_interval, z_score
from leadscore_assets.domain.guardrails import guardrails
from leadscore_assets.domain.ladder import LOWER_IS_BETTER, climb, fact_name
from leadscore_assets.domain.posterior import noise, posterior, prior, shrink
from leadscore_assets.domain.presets import presets
from leadscore_assets.domain.promotion import Evidence, decide
from leadscore_assets.domain.promotion_policy import PromotionPolicy

DELTAS = (-0.02, -0.01, 0.0, 0.005, 0.01, 0.02, 0.03, 0.05)
GUARDS = (-0.0025, -0.005, -0.006, -0.0075, -0.009, -0.01, -0.0125, -0.015, -0.1)


def _single(name: str, of: str, above: float) -> PromotionPolicy:
    rung = {"name": name, "when": [{"of": of, "above": above}]}
    return PromotionPolicy.model_validate({"rungs": [rung], "widest_interval": 0.0})


def single_rules() -> dict[str, PromotionPolicy]:
    """The rules of the table that the default is measured against, one condition or two each."""
    return {
        "never": _single("never", "gain", 0.999),
        "always": _single("always", "gain", -1.0),
        "any gain": PromotionPolicy(preset="any_gain"),
        "+5 % relative": _single("five_percent", "relative_gain", 0.05),
        "+2 % relative and significant": PromotionPolicy(preset="significant_2_percent"),
        "lower bound > 0, week noise ignored": _single("bound", "measured_lower_bound", 0.0),
        "lower bound > 0": PromotionPolicy(preset="lower_bound_above_0"),
        "lower bound > -0.005": _single("bound", "lower_bound", -0.005),
        "lower bound > -0.01": _single("bound", "lower_bound", -0.01),
        "shrunken gain > 0": _single("shrunken", "shrunken_gain", 0.0),
    }


def preset_rules() -> dict[str, PromotionPolicy]:
    """Every preset of the product under its own name."""
    return {name: PromotionPolicy(preset=name) for name in presets("promotion")}


@dataclass
class Week:
    """P(decision) of one rule on one week's rows."""

    promote: float = 0.0
    manual: float = 0.0


def one_week(
    rules: Mapping[str, PromotionPolicy], *, n: int, delta: float, draws: int, seed: int = 11
) -> dict[str, Week]:
    """Judge `draws` candidates that are truly better by `delta` on n rows each, without any history."""
    rng, found = np.random.default_rng(seed), {name: Week() for name in rules}
    for _ in range(draws):
        evidence = judge_once(rng, n, delta)
        for name, policy in rules.items():
            decision = decide(evidence, policy).decision
            found[name].promote += (decision == "promote") / draws
            found[name].manual += (decision == "manual") / draws
    return found


def judge_once(rng: np.random.Generator, n: int, delta: float) -> Evidence:
    """Draw one week and measure everything that a rule may ask about."""
    policy, pair = PromotionPolicy(), draw_pair(rng, n, delta)
    mine, theirs = pair.candidate, pair.champion
    comparison = compare(mine.score, theirs.score, mine.label, confidence=policy.confidence)
    return Evidence(
        rows=n,
        metrics=measure(mine),
        interval=spearman_interval(mine.score, mine.label, confidence=policy.confidence)[1:],
        champion_metrics=measure(theirs),
        champion_days=7,
        comparison=comparison,
        posterior=posterior(comparison, (), policy),
        guardrails=guardrails(mine, theirs, latency_p99_ms=5.0, policy=policy),
    )


def seeds_disagree(*, n: int, delta: float, draws: int) -> float:
    """The share of weeks in which a bootstrap of 100 draws promotes under one seed and not under another."""
    rng, flips = np.random.default_rng(12), 0
    for _ in range(draws):
        pair = draw_pair(rng, n, delta)
        columns = pair.candidate.score, pair.champion.score, pair.candidate.label
        lows = [paired_bootstrap(*columns, confidence=0.90, draws=100, seed=seed).low > 0 for seed in (1, 2)]
        flips += lows[0] != lows[1]
    return flips / draws


@dataclass
class Year:
    """What a rule did in a mean year; gains in Spearman. `curse` is reported less true gain of what was promoted."""

    promotions: float = 0.0
    asked: float = 0.0
    worse: float = 0.0
    worse_005: float = 0.0
    broken: float = 0.0
    regret: float = 0.0
    missed: float = 0.0
    curse: float = 0.0
    shrunken_curse: float = 0.0


@dataclass
class Memory:
    """A simulated platform's own history: measured gains week by week, and repeated comparisons."""

    gains: list[Array] = field(default_factory=list)
    changes: list[Array] = field(default_factory=list)


def one_year(policy: PromotionPolicy, world: World, *, n: int, approve: bool = False, seed: int = 2) -> Year:
    """Let a rule decide 52 weeks of many years; with `approve`, a person says yes whenever one is asked."""
    rng, year, memory, joint = np.random.default_rng(seed), Year(), Memory(), joint_metrics()
    error = float(joint.root[0, 0]) / np.sqrt(n)
    champion, best, age = world.level[0].copy(), world.level[0].copy(), np.zeros(world.level.shape[1])
    weeks, could = len(world.level) - 1, 0.0
    for week in range(1, weeks + 1):
        age += 7
        true = world.level[week] - champion
        gains = _measured(rng, true, n)
        facts, guard = _facts(gains, age, error, memory, policy)
        at = climb(policy.rungs, facts, primary=policy.metric, bounds={**policy.bounds, "guard": guard})
        says = np.array([*(rung.decision for rung in policy.rungs), "keep"])[at]
        asked = says == "manual"
        taken = (says == "promote") | (asked & approve)
        _count(year, taken, asked, true, world.broken[week], gains[0] - true, facts["shrunken_gain"] - true)
        could += float((true >= 0.01).mean())
        year.missed += float((~taken & (true >= 0.01)).mean())
        champion, age = np.where(taken, world.level[week], champion), np.where(taken, 0.0, age)
        best = np.maximum(best, world.level[week])
        year.regret += float((best - champion).mean()) / weeks
        memory.gains.append(gains[0])
        memory.changes.append(rng.normal(0, np.sqrt(2) * np.hypot(error, WEEK_NOISE), true.shape))
    year.missed /= could or 1
    year.curse, year.shrunken_curse = (value / (year.promotions or 1) for value in (year.curse, year.shrunken_curse))
    return year


def _measured(rng: np.random.Generator, true: Array, n: int) -> Array:
    """Every metric's measured gain (metrics, years): the truth, the rows' noise and the week's."""
    joint = joint_metrics()
    rows = joint.root @ rng.normal(size=(len(METRICS), true.size)) / np.sqrt(n)
    return joint.slope[:, None] * (true + rng.normal(0, WEEK_NOISE, true.size)) + rows


def _facts(
    gains: Array, age: Array, error: float, memory: Memory, policy: PromotionPolicy
) -> tuple[dict[str, Array], Array]:
    """Return what rungs ask about, and the guard, in each of the years."""
    joint = joint_metrics()
    found = {"guardrails": np.ones(age.shape), "champion_days": age}
    for at, metric in enumerate(METRICS):
        found[fact_name("gain", metric)] = gains[at]
        found[fact_name("relative_gain", metric)] = gains[at] / joint.base[at]
        turned = -gains[at] if metric in LOWER_IS_BETTER else gains[at]
        found[fact_name("value", metric)] = joint.base[at] + turned
    past = np.array(memory.gains).reshape(-1, age.size)
    again = np.array(memory.changes).reshape(-1, age.size)
    tau = noise(again, np.full(again.shape, 2 * error**2), policy)
    mean, spread = prior(past, np.full(past.shape, error), tau, policy)
    whole, reach = np.hypot(error, tau), z_score(policy.confidence)
    centre, deviation = shrink(gains[0], whole, mean, spread)
    found |= {
        "measured_lower_bound": gains[0] - reach * error,
        "lower_bound": gains[0] - reach * whole,
        "shrunken_gain": centre,
        "shrunken_lower_bound": centre - reach * deviation,
    }
    return found, policy.guard_at(spread)


def _count(year: Year, taken: Array, asked: Array, true: Array, broken: Array, curse: Array, shrunken: Array) -> None:
    year.promotions += float(taken.mean())
    year.asked += float(asked.mean())
    year.worse += float((taken & (true < 0)).mean())
    year.worse_005 += float((taken & (true < -0.005)).mean())
    year.broken += float((taken & broken & (true < -0.005)).mean())
    year.curse += float((taken * curse).mean())
    year.shrunken_curse += float((taken * shrunken).mean())


def simulated_years(
    rules: Mapping[str, PromotionPolicy], *, n: int, years: int, approve: bool = False
) -> dict[str, list[Year]]:
    """Return each rule's mean year in each of the three worlds."""
    worlds = [draw_world(name, years=years) for name in WORLDS]
    return {name: [one_year(policy, world, n=n, approve=approve) for world in worlds] for name, policy in rules.items()}


def best_regret(found: Mapping[str, Sequence[Year]]) -> list[float]:
    """The lowest regret of the single rules, world by world."""
    return [min(found[name][at].regret for name in single_rules()) for at in range(len(WORLDS))]


def week_table(*, draws: int, rows: Sequence[int] = (1000, 3000)) -> str:
    """P(promote) by true gain and rows, every rule side by side."""
    rules = {**single_rules(), **preset_rules()}
    cells = {(delta, n): one_week(rules, n=n, delta=delta, draws=draws) for delta in DELTAS for n in rows}
    head = [f"{delta:+.3f}" for delta in DELTAS]
    lines = [[name, *(" / ".join(share(cells[delta, n][name]) for n in rows) for delta in DELTAS)] for name in rules]
    flips = [f"{seeds_disagree(n=rows[0], delta=delta, draws=max(draws // 4, 1)):.2f}" for delta in DELTAS]
    return markdown(["P(promote) at a true gain of", *head], [*lines, ["bootstrap of 100: seeds disagree", *flips]])


def guard_scan(*, n: int, years: int) -> dict[float, list[Year]]:
    """The default rule at each guard, world by world; the guard in spreads goes with it."""
    start = PromotionPolicy().prior_sd
    rules = {guard: PromotionPolicy(guard=guard, guard_spreads=min(-guard / start, 9.0)) for guard in GUARDS}
    return {guard: simulated_years({"": rule}, n=n, years=years)[""] for guard, rule in rules.items()}


def rates(*, draws: int, years: int, n: int = 3000) -> dict[str, dict[str, float]]:
    """Return what `leadscore policy presets` shows of each preset."""
    rules = preset_rules()
    weeks = {delta: one_week(rules, n=n, delta=delta, draws=draws) for delta in (0.0, 0.02)}
    found = simulated_years(rules, n=n, years=years)
    return {
        name: {
            "promotes_equal": round(weeks[0.0][name].promote, 3),
            "promotes_002": round(weeks[0.02][name].promote, 3),
            "asks_equal": round(weeks[0.0][name].manual, 3),
            "promotions": round(found[name][0].promotions, 1),
            "worse_005": round(max(year.worse_005 for year in found[name]), 2),
            **{f"regret_{at + 1}": round(year.regret, 4) for at, year in enumerate(found[name])},
        }
        for name in rules
    }


def write_rates(found: Mapping[str, Mapping[str, float]]) -> None:
    """Write the measured rates beside the presets."""
    import tomlkit

    import leadscore_assets.domain

    about = "# Written by `python -m benchmarks.decisions --rates`; 3,000 test rows a week, 52 weeks a year.\n\n"
    target = Path(leadscore_assets.domain.__file__).parent / "preset_rates.toml"
    target.write_text(about + tomlkit.dumps(dict(found)))
