"""Named presets: values of a policy's section under one name, and what they decide in a sentence.

A preset is data. A section takes its values where the policy says `preset = "NAME"`, and any key that stands beside it
is set on top.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from leadscore_assets.domain.release_strategies import STRATEGIES

DEFAULT = "default"


@dataclass(frozen=True)
class Preset:
    """A name, what it decides in a sentence, and the keys that it sets in its section."""

    section: str
    name: str
    decides: str
    values: Mapping[str, Any]


def preset(section: str, name: str) -> Preset:
    """Return a section's preset; raise ValueError naming those there are."""
    found = presets(section).get(name)
    if found is None:
        raise ValueError(f"there is no preset {name!r} of [{section}]; there are {', '.join(presets(section))}")
    return found


def presets(section: str) -> dict[str, Preset]:
    """Return a section's presets by name, the default first."""
    usual = Preset(section, DEFAULT, "the values of this version", {})
    return {DEFAULT: usual} | {item.name: item for item in PRESETS if item.section == section}


def spread(content: Mapping[str, Any], sections: tuple[str, ...]) -> dict[str, Any]:
    """Give a whole policy's preset to every section that knows its name and names no other.

    Raises ValueError when no section knows it.
    """
    name = content.get("preset", DEFAULT)
    knowing = [section for section in sections if name in presets(section)]
    if not knowing:
        known = sorted({item.name for item in PRESETS if item.section in sections})
        raise ValueError(f"no section has a preset {name!r}; there are {', '.join([DEFAULT, *known])}")
    found = dict(content)
    for section in knowing if name != DEFAULT else []:
        given = content.get(section, {})
        if isinstance(given, Mapping):
            found[section] = {"preset": name, **given}
    return found


@cache
def measured_rates() -> dict[str, dict[str, float]]:
    """Return each promotion preset's measured rates, as benchmarks/promotion_rules.py wrote them."""
    text = resources.files("leadscore_assets.domain").joinpath("preset_rates.toml").read_text("utf-8")
    found: dict[str, dict[str, float]] = tomllib.loads(text)
    return found


def _gain(metric: str, *, relative: bool, **bound: float) -> dict[str, Any]:
    return {"of": "relative_gain" if relative else "gain", "metric": metric, **bound}


def _rule(name: str, *when: Mapping[str, Any], decision: str = "promote") -> dict[str, Any]:
    return {"name": name, "decision": decision, "when": list(when)}


def _thumb(name: str, decides: str, *rungs: Mapping[str, Any]) -> Preset:
    """A rule of thumb: its rungs alone, on few rows too, without a bound on the interval."""
    return Preset("promotion", name, decides, {"rungs": list(rungs), "widest_interval": 0.0})


def _on_alarm(name: str) -> Preset:
    """Goes with the drift preset of the same name: its alarm, and nothing else, starts a retraining."""
    return Preset("retraining", name, "retrains only after this drift rule's alarm", {"when": "on_drift"})


PRESETS: tuple[Preset, ...] = (
    _thumb(
        "any_gain",
        "promotes any measured gain in the primary metric",
        _rule("any_gain", {"of": "gain", "above": 0.0}),
    ),
    _thumb(
        "auc_2_or_kpi_5",
        "promotes at +2 % AUC (relative), or at +5 % (relative) of the KPI: conversions among the best tenth",
        _rule("auc_gain", _gain("auc", relative=True, at_least=0.02)),
        _rule("kpi_gain", _gain("precision_top_decile", relative=True, at_least=0.05)),
    ),
    _thumb(
        "automatic_5",
        "promotes at +5 % (relative) of the primary metric; a smaller gain waits for a person",
        _rule("large_gain", {"of": "relative_gain", "at_least": 0.05}),
        _rule("some_gain", {"of": "gain", "above": 0.0}, decision="manual"),
    ),
    _thumb(
        "significant_002",
        "promotes at +0.02 (absolute) of the primary metric when its measured lower bound is above 0",
        _rule("significant_gain", {"of": "gain", "at_least": 0.02}, {"of": "measured_lower_bound", "above": 0.0}),
    ),
    _thumb(
        "significant_2_percent",
        "promotes at +2 % (relative) of the primary metric when its measured lower bound is above 0",
        _rule(
            "significant_gain", {"of": "relative_gain", "at_least": 0.02}, {"of": "measured_lower_bound", "above": 0.0}
        ),
    ),
    _thumb(
        "several_metrics",
        "promotes when AUC gains 0.02, F1 gains 0.01 and recall gains anything (all absolute)",
        _rule(
            "several_gains",
            _gain("auc", relative=False, at_least=0.02),
            _gain("f1", relative=False, at_least=0.01),
            _gain("recall", relative=False, above=0.0),
        ),
    ),
    _thumb(
        "rmse_below_010",
        "promotes a model whose RMSE is under 0.10 of the label's unit, whatever the champion's is",
        _rule("small_error", {"of": "value", "metric": "rmse", "below": 0.10}),
    ),
    _thumb(
        "ladder",
        "promotes at +5 % (relative), asks a person from +2 %, and below that only refreshes a champion of more than "
        "30 days by a candidate that is not worse (measured gain above 0, lower bound above -0.005); else keeps",
        _rule("large_gain", {"of": "relative_gain", "at_least": 0.05}),
        _rule("middle_gain", {"of": "relative_gain", "at_least": 0.02}, decision="manual"),
        _rule(
            "refresh",
            {"of": "champion_days", "above": 30.0},
            {"of": "gain", "above": 0.0},
            {"of": "measured_lower_bound", "above": -0.005},
        ),
    ),
    _thumb(
        "lower_bound_above_0",
        "promotes when the measured gain's lower bound, week noise counted in, is above 0",
        _rule("significant_gain", {"of": "lower_bound", "above": 0.0}),
    ),
    _thumb(
        "always",
        "promotes whatever a retraining made and the floor lets through",
        _rule("always", {"of": "gain", "metric": "spearman", "at_least": -1.0}),
    ),
    Preset(
        "window",
        "fixed_7_days",
        "the run's last 7 days and no more, from 500 rows on",
        {
            "days": 7,
            "maximum_days": 7,
            "minimum_rows": 500,
        },
    ),
    Preset("window", "6_months", "the last 182 days", {"days": 182, "maximum_days": 182}),
    Preset("window", "cumulative", "every day there is, up to ten years", {"days": 3660, "maximum_days": 3660}),
    Preset("training", "rank", "learns the order of leads within a day, pair by pair", {"objective": "rank"}),
    Preset(
        "training", "pseudo_huber", "learns the score with large errors counted less", {"objective": "pseudo_huber"}
    ),
    Preset("training", "binary", "learns whether a lead's label is high", {"objective": "binary"}),
    Preset(
        "training",
        "conversion",
        "learns whether a lead converts; the score is the chance, on the label's scale",
        {"objective": "binary", "positive": "outcome"},
    ),
    Preset("training", "xgboost_only", "fits no baseline beside the boosted trees", {"learners": ["xgboost"]}),
    Preset("tuning", "search", "tries 60 sets of parameters, for an hour at most", {"trials": 60}),
    Preset("drift", "psi", "warns at PSI 0.2 of any feature and retrains at 0.25", {"rule": "psi"}),
    Preset("drift", "psi_02", "retrains at PSI 0.2 of any feature", {"rule": "psi", "psi_retrain": 0.2}),
    Preset("drift", "ks_fdr_5", "retrains on any KS discovery, false ones held at 5 %", {"rule": "ks_fdr"}),
    Preset("drift", "evidently", "retrains when Evidently's tests flag half of the columns", {"rule": "evidently"}),
    Preset(
        "drift",
        "evidently_any",
        "retrains when Evidently's tests flag any column",
        {"rule": "evidently", "drifted_share": 0.0},
    ),
    *(Preset("release", name, decides, values) for name, (decides, values) in STRATEGIES.items()),
    Preset(
        "approval",
        "ml_lead",
        "waits for an ML lead who did not launch the training",
        {"roles": ["ml_lead"], "launcher_may_approve": False},
    ),
    Preset(
        "approval",
        "both_roles",
        "waits for an ML lead and for the business, two people who did not launch the training; administrators are "
        "told a day before",
        {"roles": ["ml_lead", "business"], "launcher_may_approve": False, "notice_hours": 24.0},
    ),
    Preset("retraining", "never", "never retrains once there is a champion", {"when": "never"}),
    Preset("retraining", "on_drift", "retrains only after an alarm of the drift rule in force", {"when": "on_drift"}),
    *(_on_alarm(name) for name in ("psi", "psi_02", "ks_fdr_5", "evidently", "evidently_any")),
)
