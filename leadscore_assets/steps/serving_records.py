"""What the endpoint answered in a week, read from its captures once and kept as a small table and its summary."""

from collections.abc import Iterable
from datetime import date

import pyarrow as pa

from leadscore_assets.domain.calendar import WEEK, at_midnight
from leadscore_assets.domain.errors import CorruptArtefact, Missing
from leadscore_assets.domain.facts import DataFile
from leadscore_assets.domain.score_monitor import DayScores
from leadscore_assets.domain.served import ServedWeek, answered, count_answers, day_scores
from leadscore_assets.steps.platform import Platform


def record_served(platform: Platform, week: date) -> ServedWeek:
    """Count a week's captured answers and store them; a platform without captures has none.

    Captures are deleted with time: what was counted before from more of them stays.
    """
    captures, contract = platform.captures, platform.contract
    tables: Iterable[pa.Table] = captures.read(at_midnight(week), at_midnight(week + WEEK)) if captures else ()
    before = captures.unreadable if captures else 0
    counts = count_answers(tables, low=contract.label_minimum, high=contract.label_maximum)
    days = answered(counts)
    stored = find_served(platform, week)
    if stored and sum(item.answers for item in stored.days) > sum(item.answers for item in days):
        return stored
    production = [item for item in days if item.role == "production"]
    # The lock of a cleaning, which takes away tables that nothing names.
    with platform.lake.lock(f"week-{week}"):
        path, sha256 = platform.lake.write_table(counts, under=f"served/week={week}")
        found = ServedWeek(
            week=week,
            answers=sum(item.answers for item in production),
            unscored=sum(item.unscored for item in production),
            unreadable=(captures.unreadable if captures else 0) - before,
            table=DataFile(path, sha256, counts.num_rows, week),
            days=days,
        )
        platform.lake.write_json(_path(week), found.to_json())
    return found


def find_served(platform: Platform, week: date) -> ServedWeek | None:
    """Return a week's answers as they were counted, None where they never were; raise CorruptArtefact."""
    content = platform.lake.read_json(_path(week))
    try:
        return None if content is None else ServedWeek.from_json(content)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptArtefact(
            f"the answers of week {week} cannot be read ({error}); materialize served_leads for it again"
        ) from None


def served_scores(platform: Platform, week: date, *, digest: str) -> list[DayScores]:
    """Return production's scores by one bundle in a week, a histogram a day; none where none was counted."""
    found = find_served(platform, week)
    if found is None or not found.answers:
        return []
    return day_scores(platform.lake.read_files([found.table]), digest=digest)


def served_problems(platform: Platform, week: date) -> list[str]:
    """Say what is wrong with a week's answers, a sentence each; raise Missing where they were not counted."""
    found = find_served(platform, week)
    if found is None:
        raise Missing(f"week {week} has no counted answers; materialize served_leads for it")
    problems = []
    if found.unscored:
        problems.append(f"{found.unscored:,} of {found.answers:,} answers hold no score; look at the endpoint's log")
    if found.unreadable:
        problems.append(f"{found.unreadable:,} captured lines could not be read; look at what writes the captures")
    return problems


def _path(week: date) -> str:
    return f"reports/week={week}/served.json"
