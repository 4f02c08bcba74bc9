"""The year's site: a home, the CRM that exports into its folder, people who edit its policy, and clients.

Everything else is the product's own doing.
"""

import http.client
import json
import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import tomlkit

from benchmarks.year.story import START, contract, policy
from leadscore_assets.backends.home_files import write_home
from leadscore_assets.domain.calendar import WEEK, week_of
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import load_settings
from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.home import free_port

REQUESTS = 150


@dataclass
class Site:
    """A home at work; `answers` counts what its clients got, by status."""

    home: Path
    port: int
    asked: int = 0
    failed: int = 0

    @property
    def platform(self) -> Platform:
        """The home's platform, opened anew as every run does."""
        return open_platform(load_settings(self.home))

    def export(self, leads: pa.Table | None, name: str) -> None:
        """Write a week's file as the CRM does, whole or not at all."""
        if leads is not None:
            draft = self.home / "draft.parquet"
            pq.write_table(leads, draft)
            draft.replace(self.home / "crm" / f"{name}.parquet")

    def train_with(self, training: dict[str, Any]) -> None:
        """Edit the policy's training section, as a person does."""
        path = self.home / "policy.toml"
        document = tomlkit.parse(path.read_text())
        for key, value in training.items():
            document["training"][key] = value  # type: ignore[index]
        path.write_text(tomlkit.dumps(document))

    def ask(self) -> None:
        """Send leads of the newest week that has any to the endpoint, where one answers."""
        platform = self.platform
        if platform.registry.production() is None:
            return
        newest = week_of(datetime.now(UTC).date()) - WEEK
        files = [item.files for item in platform.lake.manifests(START, newest) if item.rows][-1]
        leads = platform.lake.read_files(files).slice(self.asked % 800, REQUESTS).to_pylist()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            for lead in leads:
                self._ask(connection, lead)

    def _ask(self, connection: http.client.HTTPConnection, lead: dict[str, Any]) -> None:
        rules = contract()
        wanted = (rules.key, rules.created_at, *rules.names)
        body = json.dumps({name: lead[name] for name in wanted if lead[name] is not None}, default=str)
        self.asked += 1
        try:
            connection.request("POST", "/invocations", body, {"content-type": "application/json"})
            response = connection.getresponse()
            response.read()
            self.failed += response.status != 200
        except (OSError, http.client.HTTPException):
            self.failed += 1
            connection.close()

    def power_cut(self) -> None:
        """Kill the scoring server as a power cut does."""
        record = self.home / "endpoint" / "server.json"
        if record.is_file():
            for process in _family(json.loads(record.read_text())["pid"]):
                with suppress(psutil.NoSuchProcess):
                    os.kill(process.pid, signal.SIGKILL)


def _family(pid: int) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


@contextmanager
def prepared(folder: Path) -> Iterator[Site]:
    """Make the home; its server ends with the context."""
    home, port = folder / "home", free_port()
    (home / "crm").mkdir(parents=True)
    settings = {
        "start_week": START,
        "source": {"kind": "files", "path": f"{home / 'crm'}"},
        "endpoint": {"port": port, "workers": 1},
    }
    write_home(home, settings=settings, contract=contract(), policy=policy())
    site = Site(home, port)
    try:
        yield site
    finally:
        if (home / "endpoint" / "server.json").is_file():
            site.platform.endpoint.stop()
