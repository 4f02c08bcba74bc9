"""Dagster's daemon in one process: its own evaluation of schedules and sensors, and its runs one after the other.

The home's own definitions, instance and run keys are used; only the launcher and the queue are Dagster's synchronous
ones, so that a moment is over when everything that it started is.
"""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import yaml
from alembic.config import Config
from alembic.script import ScriptDirectory
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._scheduler.scheduler import ScheduleIterationTimes, launch_scheduled_runs

_LOG = logging.getLogger("benchmarks.year.daemon")
_SYNCHRONOUS = {
    "run_launcher": {
        "module": "dagster._core.launcher.sync_in_memory_run_launcher",
        "class": "SyncInMemoryRunLauncher",
    },
    "run_coordinator": {"module": "dagster._core.run_coordinator", "class": "DefaultRunCoordinator"},
    # Ticks are compared with answers at the end of the year.
    "retention": {"sensor": {"purge_after_days": -1}, "schedule": {"purge_after_days": -1}},
}


class Daemon:
    """The daemon of a home; make it with `running`."""

    def __init__(self, workspace: WorkspaceProcessContext) -> None:
        self._workspace = workspace
        self._times: dict[str, ScheduleIterationTimes] = {}

    @property
    def instance(self) -> dg.DagsterInstance:
        return self._workspace.instance

    def tick(self) -> None:
        """Let every schedule that is due, then every sensor that is, tick now, and do the runs that they ask for."""
        for _ in launch_scheduled_runs(self._workspace, _LOG, datetime.now(UTC), self._times):
            pass
        for _ in execute_sensor_iteration(self._workspace, _LOG, None, None):
            pass


@contextmanager
def running(home: Path) -> Iterator[Daemon]:
    """Run a home's daemon in this process."""
    _make_synchronous(home / "dagster" / "dagster.yaml")
    os.environ["LEADSCORE_HOME"] = f"{home}"
    loadable = LoadableTargetOrigin(executable_path=sys.executable, module_name="leadscore_assets.definitions")
    target = InProcessWorkspaceLoadTarget(InProcessCodeLocationOrigin(loadable, location_name="leadscore_assets"))
    with (
        _migrations_read_once(),
        dg.DagsterInstance.from_config(f"{home / 'dagster'}") as instance,
        WorkspaceProcessContext(instance, target) as workspace,
    ):
        yield Daemon(workspace)


def _make_synchronous(file: Path) -> None:
    kept = {key: value for key, value in yaml.safe_load(file.read_text()).items() if key != "run_monitoring"}
    kept["concurrency"].pop("runs")
    file.write_text(yaml.safe_dump({**kept, **_SYNCHRONOUS}))


@contextmanager
def _migrations_read_once() -> Iterator[None]:
    """Keep what alembic read of Dagster's migrations: every tick opens the instance, and a year has thousands."""
    plain, known = ScriptDirectory.from_config, dict[tuple[str | None, str | None], ScriptDirectory]()

    def once(config: Config) -> ScriptDirectory:
        place = (config.config_file_name, config.get_main_option("script_location"))
        if place not in known:
            known[place] = plain(config)
        return known[place]

    with patch.object(ScriptDirectory, "from_config", once):
        yield
