"""Homes whose release takes its time, a clock to move, and clients that ask the endpoint."""

import http.client
import json
import zlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.releasing import package_candidate
from leadscore_assets_tests.home import NEW, Home

# Seven days of shadow and two steps, proved by few leads; the candidate's scores may differ as they like.
SLOW = {
    "shadow": "shadow = true",
    "longest_gap_minutes": "longest_gap_minutes = 1440",
    "minimum_requests": "minimum_requests = 20",
    "errors =": "errors = 0.2",
    "rank_correlation": "rank_correlation = -0.99",
    "band_changes": "band_changes = 0.99",
    "score_size": "score_size = 0.99",
    "steps": "steps = [{name = 'some', weight = 0.2, minimum_hours = 1, maximum_hours = 200, "
    "guards = ['errors', 'invalid_outputs']}, {name = 'half', weight = 0.5, minimum_hours = 1, maximum_hours = 200, "
    "guards = ['errors', 'invalid_outputs']}]",
}


@dataclass
class Clock:
    """A clock that a test moves."""

    moment: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.moment

    def pass_(self, **time: float) -> None:
        self.moment += timedelta(**time)


def slowly(home: Home, **change: str) -> Home:
    """Give a home a release policy that takes its time."""
    for beginning, line in (SLOW | change).items():
        home.set(beginning, line, file="policy.toml")
    return home


def set_off(home: Home, clock: Clock) -> Platform:
    """Judge the newer week again under the home's policy and register its package."""
    home.cli("backfill", "--from", f"{NEW}", "--to", f"{NEW}")
    platform = home.platform(now=clock)
    assert package_candidate(platform, NEW)
    return platform


def lead(key: str) -> dict[str, Any]:
    size = zlib.crc32(key.encode())
    found = {"lead_id": key, "created_at": "2025-03-03T09:00:00Z", "employees": size % 4_000 + 1}
    return {**found, "revenue": size / 1e4, "opened_mail": size % 2 == 0, "industry": "retail"}


def asked(home: Home, keys: Sequence[str]) -> dict[str, str]:
    """Ask the endpoint about leads, one by one; return by which variant each was answered."""
    found = {}
    with closing(http.client.HTTPConnection("127.0.0.1", home.port, timeout=30)) as connection:
        for key in keys:
            connection.request("POST", "/invocations", json.dumps(lead(key)), {"content-type": "application/json"})
            response = connection.getresponse()
            body = response.read()
            assert response.status == 200, body
            found[key] = str(response.headers["x-amzn-invoked-production-variant"])
    return found
