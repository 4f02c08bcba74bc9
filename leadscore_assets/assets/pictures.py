"""Small pictures for Dagster's metadata: text that Markdown draws, no image needed."""

_WIDTH = 30


def bars(values: dict[str, float], *, unit: str) -> str:
    """Draw named values as horizontal bars in a Markdown table."""
    if not values:
        return f"no {unit}"
    most = max(values.values()) or 1.0
    lines = [f"| | {unit} | |", "|---|---:|:---|"]
    for name, value in values.items():
        lines.append(f"| {name} | {value:,.0f} | {'█' * max(round(value / most * _WIDTH), 1 if value else 0)} |")
    return "\n".join(lines)
