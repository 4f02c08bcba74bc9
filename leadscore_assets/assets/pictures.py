"""What Dagster's metadata can show well: bars in Markdown that need no image, and numbers short enough to read."""

from collections.abc import Mapping

_WIDTH = 20
_UNBROKEN = str.maketrans({" ": "\u00a0", "-": "\u2011"})
_DIGITS = 5


def bars(values: Mapping[str, float], *, unit: str, digits: int = 0) -> str:
    """Draw named values as horizontal bars in a Markdown table."""
    if not values:
        return f"no {unit}"
    most = max(values.values()) or 1.0
    lines = [f"| | {unit} | |", "|---|---:|:---|"]
    for name, value in values.items():
        length = max(round(value / most * _WIDTH), 1 if value else 0)
        lines.append(f"| {name.translate(_UNBROKEN)} | {value:,.{digits}f} | {'█' * length} |")
    return "\n".join(lines)


def readable(metrics: Mapping[str, float]) -> dict[str, float]:
    """Round metrics to five digits, which is what a table or a plot over the weeks can show."""
    return {name: round(float(value), _DIGITS) for name, value in metrics.items()}


def short(digest: str) -> str:
    """Return the twelve characters that name a digest to a person; the data version holds all of it."""
    return digest[:12]
