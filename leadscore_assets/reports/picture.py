"""The small picture of an evaluation inside Dagster, whose metadata shows Markdown but no plots."""

from base64 import b64encode

from leadscore_assets.domain.evaluation import Evaluation
from leadscore_assets.reports.charts import charts
from leadscore_assets.reports.figures import draw_png
from leadscore_assets.reports.numbers import decision

_BEST = ("score-by-label", "gain", "weekdays")


def inline_png(evaluation: Evaluation) -> str:
    """Return the two most telling pictures, 700 by 260 pixels, as one Markdown image with its bytes inside."""
    known = {chart.name: chart for chart in charts(evaluation)}
    chosen = [known[name] for name in _BEST if name in known][:2]
    content = draw_png({chart.title: chart.paint for chart in chosen}, width=7.0, height=2.6)
    return f"![{decision(evaluation)}](data:image/png;base64,{b64encode(content).decode()})"
