"""Weeks brought in and weeks trained, with a progress bar: what several commands do the same way."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from leadscore_assets.commands.output import progress_console
from leadscore_assets.commands.running import Outcome, Runner
from leadscore_assets.steps.ingest import reopened_weeks
from leadscore_assets.steps.platform import Platform


@contextmanager
def progress() -> Iterator[Progress]:
    """Show progress on the terminal's error stream, so that what is piped stays clean."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=progress_console, transient=True) as bar:
        yield bar


def weeks_to_ingest(platform: Platform, *, first: date | None = None, last: date | None = None) -> list[date]:
    """Return the weeks from `first` to `last` that are new in the source or changed there."""
    return [week for week in reopened_weeks(platform) if (not first or week >= first) and (not last or week <= last)]


def run_weeks(
    runner: Runner,
    job: str,
    weeks: Iterable[date],
    *,
    label: str,
    tags: dict[str, str] | None = None,
) -> list[Outcome]:
    """Run a job week by week and return every outcome; a week that fails does not stop the others."""
    listed, outcomes = list(weeks), []
    if not listed:
        return []
    if not progress_console.is_terminal:
        return [_plainly(runner, job, week, label, tags) for week in listed]
    with progress() as bar:
        task = bar.add_task(label, total=len(listed), note="")
        for week in listed:
            bar.update(task, note=f"{week}")
            shown = lambda text: bar.update(task, note=text[:60]) if text.startswith("round ") else None  # noqa: E731
            outcomes.append(runner.run(job, week, tags=tags, on_message=shown))
            bar.advance(task)
    return outcomes


def _plainly(runner: Runner, job: str, week: date, label: str, tags: dict[str, str] | None) -> Outcome:
    """Run one week with one line of progress, where no terminal could redraw a bar."""
    progress_console.print(f"{label} {week}", markup=False)
    return runner.run(job, week, tags=tags)
