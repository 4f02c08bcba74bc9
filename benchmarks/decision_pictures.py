"""The picture of the drift benchmark for the documentation: how often each rule alarms, by what was planted."""

from collections.abc import Mapping
from pathlib import Path

HARMLESS = ("N0", "N1")


def draw_drift(path: Path, rates: Mapping[str, Mapping[int, Mapping[str, float]]]) -> None:
    """Write one panel a size: rules down, plants across; dark where a rule alarms, framed where it should not."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

    sizes = list(next(iter(rates.values())))
    figure = Figure(figsize=(4.0 * len(sizes), 0.42 * len(rates) + 1.3), dpi=120, layout="constrained")
    panels = figure.subplots(1, len(sizes), squeeze=False, sharey=True)[0]
    for axes, n in zip(panels, sizes, strict=True):
        columns = list(next(iter(rates.values()))[n])
        cells = [[rates[rule][n][column] for column in columns] for rule in rates]
        axes.imshow(cells, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_title(f"{n:,} leads a week", fontsize=10)
        axes.set_xticks(range(len(columns)), columns, fontsize=8)
        axes.set_yticks(range(len(rates)), list(rates), fontsize=9)
        axes.tick_params(length=0)
        for down, row in enumerate(cells):
            for across, share in enumerate(row):
                shown = "1" if share == 1 else f"{share:.2f}".removeprefix("0") if share else "0"
                axes.text(
                    across, down, shown, ha="center", va="center", fontsize=7, color="w" if share > 0.6 else "#333"
                )
        width = sum(column in HARMLESS for column in columns)
        axes.add_patch(Rectangle((-0.5, -0.5), width, len(rates), fill=False, edgecolor="#b3261e", linewidth=1.6))
        axes.spines[:].set_visible(False)
    figure.savefig(path, metadata={"Software": None})
