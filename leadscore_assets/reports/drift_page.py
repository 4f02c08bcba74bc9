"""The drift page: the verdict first, then the features that moved, then everything it rests on; one static file."""

from dataclasses import dataclass

from leadscore_assets.domain.drift import DriftReport
from leadscore_assets.domain.feature_drift import FeatureDrift
from leadscore_assets.reports.drift_charts import feature_charts, score_chart, strip
from leadscore_assets.reports.templating import templates

DECISIONS = {"alarm": "Drift", "watch": "Watch", "quiet": "No drift", "not_yet": "No verdict yet"}
_TINY = 1e-4


@dataclass(frozen=True)
class Row:
    """One feature as texts, each number beside what it is judged by; `beyond` is for distance and for missing."""

    name: str
    severity: str
    findings: str
    beyond: tuple[bool, bool]
    distance: str
    judged_by: tuple[str, str]
    psi: str
    psi_chance: str
    usual: str
    usual_note: str
    missing: str
    missing_by: tuple[str, str]
    weight: str


def drift_page(report: DriftReport) -> str:
    """Return the page as HTML text; the same report gives the same bytes."""
    rows = [_row(item) for item in report.features]
    return (
        templates()
        .get_template("drift.html")
        .render(
            report=report,
            verdict=report.verdict,
            decision=DECISIONS[report.verdict.decision],
            glance=_glance(report),
            strip=strip(report),
            charts=feature_charts(report),
            scores=score_chart(report.scores),
            loud=[row for row in rows if row.severity != "quiet"],
            quiet=[row for row in rows if row.severity == "quiet"],
            levels=[(item.name, _levels(item.strange), _levels(item.gone)) for item in _changed_levels(report)],
            missing=[_missing(item) for item in report.features if _missing_moved(item)],
            weighed=any(item.importance for item in report.features),
            facts=_facts(report),
        )
    )


def _glance(report: DriftReport) -> tuple[str, str] | None:
    """The one number to see first, and what it is; None where nothing was judged."""
    if not report.features:
        return None
    alarms = len(report.named("alarm"))
    of = f"of {len(report.features)} features drifted"
    if alarms and report.weight:
        of = f"{of}, with {report.weight:.0%} of the model's gain"
    return f"{alarms}", of


def _row(item: FeatureDrift) -> Row:
    usual = item.usual
    return Row(
        name=item.name,
        severity=item.severity,
        findings="; ".join(item.findings),
        beyond=(item.distance > item.bound, item.missing_moved),
        distance=f"{item.distance:.3f}",
        judged_by=(f"bound {item.bound:.3f}", f"chance {item.chance:.3f}"),
        psi=f"{item.psi:.3f}",
        psi_chance=f"chance {item.psi_chance:.3f}",
        usual=_p(usual.p) if usual else "-",
        usual_note=f"of {usual.weeks} weeks" if usual else "",
        missing=f"{item.missing:.1%}",
        missing_by=(f"before {item.missing_before:.1%}", f"bound ±{item.missing_bound:.1%}"),
        weight=f"{item.importance:.1%}" if item.importance else "-",
    )


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "< 0.0001" if value < _TINY else f"{value:.4f}"


def _levels(found: dict[str, float]) -> str:
    return ", ".join(f"{level} ({share:.1%})" for level, share in found.items()) or "-"


def _changed_levels(report: DriftReport) -> list[FeatureDrift]:
    return [item for item in report.features if item.strange or item.gone]


def _missing(item: FeatureDrift) -> tuple[str, str, str]:
    return item.name, f"{item.missing:.1%}", f"{item.missing_before:.1%}"


def _missing_moved(item: FeatureDrift) -> bool:
    return abs(item.missing - item.missing_before) > item.missing_bound / 2


def _facts(report: DriftReport) -> list[tuple[str, str]]:
    """What was compared on what terms, as names and values."""
    terms = report.terms
    reference = f"{report.reference_rows:,} leads of {report.about}"
    classifier = report.separation
    return [
        ("This week", f"{report.rows:,} leads of {report.week}"),
        ("Reference", reference),
        ("Past weeks", f"{report.history} with a profile; what is usual needs {terms['minimum_history'] + 1}"),
        ("Rule", report.verdict.rule),
        ("Bound", f"distance {terms['tolerance']:g}, and a margin that holds for all features at {terms['alpha']:.0%}"),
        ("Usual", f"at {terms['usual_alpha']:.1%} for all features, beside at most {terms['history_weeks']} weeks"),
        ("Classifier", _classifier(report) if classifier else "not asked: too few past weeks or sampled leads"),
        ("Scores", report.scores.sentence if report.scores else "no champion, so no scores"),
        *_served(report),
        ("Report", report.digest),
    ]


def _served(report: DriftReport) -> list[tuple[str, str]]:
    """The endpoint's answers beside the list's, and over all captured days; nothing where none were captured."""
    if report.served is None:
        return []
    told = [("Endpoint", report.served.sentence)]
    return told + ([("Endpoint by day", report.served.monitor.sentence)] if report.served.monitor else [])


def _classifier(report: DriftReport) -> str:
    found = report.separation
    if found is None:
        return ""
    usual = f"usually below {found.usual.usually:.3f} ({found.usual.weeks} weeks), by chance below {found.chance:.3f}"
    return f"AUC {found.auc:.3f} on {found.size:,} leads a side; {usual}"
