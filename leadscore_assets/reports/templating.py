"""How every page is filled: one environment, texts escaped, a name that is absent is an error."""

from functools import cache
from typing import TYPE_CHECKING

from leadscore_assets.reports.charts import Chart

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def templates() -> "Environment":
    """Return the templates of the pages; the filter `drawn` puts a chart in as SVG."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    found = Environment(
        loader=PackageLoader("leadscore_assets.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )

    def drawn(chart: Chart) -> Markup:
        return Markup(chart.svg())  # noqa: S704 - the SVG is drawn here, and its texts are escaped

    found.filters["drawn"] = drawn
    return found
