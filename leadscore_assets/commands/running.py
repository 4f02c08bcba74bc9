"""How a command runs a Dagster job: in this process, on the home's own instance, with progress and plain failures."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import dagster as dg

from leadscore_assets.automation.run_words import first_cause
from leadscore_assets.automation.stale_runs import PROCESS_TAG, end_stale_runs, this_process
from leadscore_assets.definitions import build_definitions
from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.settings import Settings

_OPENING_SECONDS = 120
# As the webserver tags its own runs, so that these stand on the job's page too.
_REPOSITORY = {".dagster/repository": "__repository__@leadscore_assets"}
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `problems` are sentences for a person, empty when all went well."""

    job: str
    week: date | None
    run_id: str
    success: bool
    problems: tuple[str, ...]
    materialized: tuple[str, ...]


class Runner:
    """Runs jobs of one home in this process; the definitions are built once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._definitions = build_definitions(settings)
        self._instance = open_instance(settings)
        with _instance_errors(settings.home):
            end_stale_runs(self._instance)

    def run(
        self,
        job: str,
        week: date | None,
        *,
        tags: Mapping[str, str] | None = None,
        on_message: Callable[[str], None] | None = None,
    ) -> Outcome:
        """Run a job for a week and return how it ended; nothing is raised for a failed run."""
        from dagster._core.utils import make_new_run_id

        run_id = make_new_run_id()
        if on_message:
            self._instance.add_event_listener(run_id, lambda entry: on_message(entry.user_message or ""))
        with _instance_errors(self._settings.home):
            result = self._definitions.resolve_job_def(job).execute_in_process(
                instance=self._instance,
                partition_key=week.isoformat() if week else None,
                tags={**(tags or {}), **_REPOSITORY, **self._who()},
                run_config=_QUIET,
                run_id=run_id,
                raise_on_error=False,
            )
        done = tuple(
            event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key
        )
        return Outcome(job, week, run_id, result.success, () if result.success else _problems(result), done)

    def _who(self) -> dict[str, str]:
        return {PROCESS_TAG: this_process(), "leadscore/actor": self._settings.actor}


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Open the home's own Dagster instance."""
    folder = settings.home / "dagster"
    if not (folder / "dagster.yaml").is_file():
        raise InvalidInput(f"{folder}/dagster.yaml is missing; run 'leadscore init --force' to write it again")
    if not os.access(folder, os.W_OK):
        raise InvalidInput(f"{folder} cannot be written; give this user permission, or name another home with --home")
    from filelock import FileLock

    with _instance_errors(settings.home), FileLock(folder / ".opening.lock", timeout=_OPENING_SECONDS):
        return dg.DagsterInstance.from_config(str(folder))


@contextmanager
def _instance_errors(home: Path) -> Iterator[None]:
    """Say plainly that Dagster's own files cannot be used; what goes wrong inside a step never comes this way."""
    from alembic.util.exc import CommandError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, CommandError, OSError, *_postgres_errors()) as error:
        cause = error.__cause__ if isinstance(error, _postgres_errors()) and error.__cause__ else error
        what = " ".join(f"{getattr(cause, 'orig', None) or cause}".split())
        remedy = "give this user permission to its files and free some space"
        if _postgres_errors():
            remedy = (
                "see that the server of storage in dagster.yaml answers and its URL begins with postgresql+psycopg2://"
            )
        raise InvalidInput(f"{home / 'dagster'} cannot be used ({what}); {remedy}") from error


def _postgres_errors() -> tuple[type[Exception], ...]:
    """What Dagster raises for its PostgreSQL storage; nothing where a home does not use that."""
    module = sys.modules.get("dagster_postgres.utils")
    return (module.DagsterPostgresException,) if module else ()


def _problems(result: dg.ExecuteInProcessResult) -> tuple[str, ...]:
    found = [
        f"{check.check_name}: {check.description}"
        for check in result.get_asset_check_evaluations()
        if not check.passed and check.blocking and check.severity is dg.AssetCheckSeverity.ERROR
    ]
    for event in result.all_events:
        if event.is_step_failure and not found:
            data = event.step_failure_data
            told = data.user_failure_data.description if data.user_failure_data else None
            found.append(told or first_cause(data.error) or f"{event.message}")
        elif event.is_run_failure and not found:
            found.append(first_cause(event.job_failure_data.error))
    return tuple(dict.fromkeys(text for text in found if text)) or ("the run failed; see it in the Dagster UI",)
