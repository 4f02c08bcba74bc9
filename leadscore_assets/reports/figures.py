"""How every picture is drawn: one palette, one type size, vector for pages and a bitmap for Dagster.

Vector pictures take their colours and font from the page's style sheet, so that they follow light and dark.
"""

import io
import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

PALETTE = {
    "ink": "#1b2431",
    "muted": "#596575",
    "grid": "#dde3ea",
    "surface": "#fefefe",
    "candidate": "#1565c0",
    "champion": "#a85b00",
}
_STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": PALETTE["muted"],
    "axes.facecolor": "none",
    "axes.grid": True,
    "axes.labelcolor": PALETTE["muted"],
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 11,
    "axes.unicode_minus": False,
    "figure.constrained_layout.h_pad": 0.03,
    "figure.constrained_layout.use": True,
    "figure.constrained_layout.w_pad": 0.03,
    "font.family": ["DejaVu Sans"],
    "font.size": 10,
    "grid.color": PALETTE["grid"],
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "legend.labelcolor": PALETTE["ink"],
    "lines.linewidth": 2.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "leadscore",
    "text.color": PALETTE["ink"],
    "text.parse_math": False,
    "xtick.color": PALETTE["muted"],
    "xtick.labelcolor": PALETTE["ink"],
    "xtick.major.pad": 6,
    "xtick.major.size": 0,
    "ytick.color": PALETTE["muted"],
    "ytick.labelcolor": PALETTE["ink"],
    "ytick.major.pad": 5,
    "ytick.major.size": 0,
}
_WIDTH = 5.0
_NO_METADATA = {"Creator": None, "Date": None, "Format": None, "Type": None}
Paint = Callable[[Any], None]


def draw_svg(paint: Paint, *, name: str, alt: str, height: float) -> str:
    """Draw one picture, 5 inches by `height`, as an inline SVG element that reads `alt` aloud.

    `name` keeps its ids apart from those of other pictures on the page; equal input gives equal bytes.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    sink = io.StringIO()
    with rc_context(_STYLE):
        figure = Figure(figsize=(_WIDTH, height))
        paint(figure.subplots())
        figure.savefig(sink, format="svg", transparent=True, metadata=_NO_METADATA)
    return _inline(sink.getvalue(), name=name, alt=alt)


def draw_png(paints: Mapping[str, Paint], *, width: float, height: float, dpi: int = 100) -> bytes:
    """Draw titled pictures side by side on white as one PNG of width x height inches."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    sink = io.BytesIO()
    with rc_context(_STYLE | {"font.size": 8, "legend.fontsize": 8, "axes.titlesize": 9}):
        figure = Figure(figsize=(width, height), dpi=dpi, facecolor=PALETTE["surface"])
        for axes, (title, paint) in zip(figure.subplots(1, len(paints), squeeze=False)[0], paints.items(), strict=True):
            paint(axes)
            axes.set_title(title, loc="left", color=PALETTE["ink"])
        figure.savefig(sink, format="png", metadata={"Software": None}, pil_kwargs={"optimize": True})
    return sink.getvalue()


def _inline(document: str, *, name: str, alt: str) -> str:
    body = document[document.index("<svg") :]
    box = re.search(r'viewBox="[^"]*"', body)
    head = f'<svg role="img" {box.group(0) if box else ""} aria-label="{escape(alt)}"><title>{escape(alt)}</title>'
    body = head + body[body.index(">") + 1 :]
    body = re.sub(r' id="(?:figure|patch|text|line2d|axes|matplotlib\.axis|xtick|ytick|legend)_\d+"', "", body)
    body = body.replace('id="', f'id="{name}-').replace("url(#", f"url(#{name}-").replace("xlink:href", "href")
    body = body.replace('href="#', f'href="#{name}-').replace("'DejaVu Sans'", "var(--font)")
    for role, colour in PALETTE.items():
        body = body.replace(colour, f"var(--{role})")
    return re.sub(r"\s*\n\s*", "\n", body).strip()
