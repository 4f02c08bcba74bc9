"""The promotion benchmark's tables, as Markdown."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benchmarks.promotion_world import WORLDS

if TYPE_CHECKING:
    from benchmarks.promotion_rules import Week, Year


def year_table(found: "Mapping[str, Sequence[Year]]") -> str:
    """Promotions, what a person was asked, worse ones, missed, curse and regret, a line a world."""
    head = ["rule", "world", "promoted", "asked", "worse", "worse by > 0.005", "missed", "curse (shrunken)", "regret"]
    lines = [
        [name if at == 0 else "", f"{at + 1}", *_year(year)]
        for name, years in found.items()
        for at, year in enumerate(years)
    ]
    return markdown(head, lines)


def regret_table(found: "Mapping[str, Sequence[Year]]") -> str:
    """Regret and promotions of clearly worse models, world by world on one line."""
    head = ["rule", *(f"regret {at + 1}" for at in range(len(WORLDS))), "worse by > 0.005 a year"]
    lines = [
        [name, *(f"{year.regret:.4f}" for year in years), " / ".join(f"{year.worse_005:.2f}" for year in years)]
        for name, years in found.items()
    ]
    return markdown(head, lines)


def guard_table(scan: "Mapping[float, Sequence[Year]]", best: Sequence[float]) -> str:
    """Regret, its ratio to the best single rule's, and promotions of clearly worse models, by guard."""
    lines = [
        [
            "none" if guard <= -0.1 else f"{guard:g}",
            *(
                f"{y.regret:.5f} ({y.regret / least:.2f}), {y.worse_005:.2f}"
                for y, least in zip(years, best, strict=True)
            ),
        ]
        for guard, years in scan.items()
    ]
    return markdown(["guard", *(f"{name}: regret (ratio), worse by > .005" for name in WORLDS)], lines)


def markdown(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---", *["---:"] * (len(head) - 1)], *lines])


def share(found: "Week") -> str:
    shown = f"{found.promote:.2f}".removeprefix("0") if found.promote < 1 else "1"
    return f"{shown} (asks {found.manual:.2f})" if found.manual else shown


def _year(year: "Year") -> list[str]:
    return [
        f"{year.promotions:.1f}",
        f"{year.asked:.1f}" if year.asked else "-",
        f"{year.worse:.2f}",
        f"{year.worse_005:.2f}",
        f"{year.missed:.2f}",
        f"{year.curse:+.4f} ({year.shrunken_curse:+.4f})",
        f"**{year.regret:.4f}**",
    ]
