"""The drill's site: a home with three registered packages that answer differently, and how traffic is moved there.

Cutover follows the release's own state machine and rollback is the product's command; the weights of shadow and canary
are given to the endpoint directly, because their own way takes days. Whatever moves traffic is noted with its times:
`timeline` tells which models may answer a request.
"""

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from leadscore_assets.backends.home_files import write_home
from leadscore_assets.domain import bundle
from leadscore_assets.domain.calendar import WEEK
from leadscore_assets.domain.facts import EndpointStatus, Package, Variant
from leadscore_assets.domain.generator import Preset, generate_week, preset_contract
from leadscore_assets.domain.policy import Policy, policy_from
from leadscore_assets.domain.release_events import Registered
from leadscore_assets.domain.release_state import CANDIDATE, PRIMARY, SHADOW, Model, desired
from leadscore_assets.domain.rollout import advance
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.domain.training import train_bundle
from leadscore_assets.resources import open_platform
from leadscore_assets.settings import load_settings
from leadscore_assets.steps.platform import Platform
from leadscore_assets.steps.release_store import keep_release, present_release
from leadscore_assets.steps.rolling_out import look_at_release

START = date(2026, 1, 5)
MODELS = 3
_TRAINING = {
    "b2b": {"rounds": 200, "early_stopping_rounds": 200, "max_depth": 6, "learning_rate": 0.03},
    "small": {"rounds": 30, "max_depth": 4, "min_child_weight": 1.0},
}


@dataclass(frozen=True)
class Served:
    """What the endpoint was asked to serve: from the first moment it may answer to the last (monotonic seconds)."""

    variants: tuple[Variant, ...]
    salt: str
    begin: float
    settled: float
    end: float = float("inf")


@dataclass
class Site:
    """A home at work: its packages (version 1 first), the leads that are sent, and what answered when."""

    home: Path
    port: int
    packages: list[Package]
    bodies: list[list[dict[str, Any]]]
    timeline: list[Served] = field(default_factory=list)

    @property
    def platform(self) -> Platform:
        return open_platform(load_settings(self.home))

    @property
    def capture(self) -> Path:
        return self.home / "endpoint" / "capture"

    def expected(self) -> dict[str, dict[str, float]]:
        """Return what every bundle's own scorer says of every lead, by digest and lead."""
        leads = {lead["lead_id"]: lead for body in self.bodies for lead in body}
        found = {}
        for package in self.packages:
            scorer = Scorer.open(self.platform.bundles.path(package.digest), digest=package.digest)
            found[package.digest] = dict(zip(leads, scorer.score_records(list(leads.values())).score, strict=True))
        return found

    def serve(self, *shares: tuple[int, float], shadow: int | None = None) -> EndpointStatus:
        """Deal leads to versions by their shares (the first is the primary) beside at most one shadow."""
        names = (PRIMARY, CANDIDATE)
        variants = [self._variant(name, *share) for name, share in zip(names, shares, strict=False)]
        copied = self._variant(SHADOW, shadow, 0.0) if shadow else None
        return self._moving(lambda: self.platform.endpoint.deploy(variants, shadow=copied, salt="drill"))

    def begin(self) -> None:
        """Let version 1 answer as the registry's production model, as it does where a home is taken over."""
        self.platform.registry.promote(1)
        self._moving(lambda: look_at_release(self.platform).status)

    def cut_over(self, version: int) -> EndpointStatus:
        """Make a version the champion as the release does; its evidence is not read, as no week stands behind it."""
        platform, package = self.platform, self.packages[version - 1]
        event = Registered(Model(package.digest, package.version))
        state = advance(present_release(platform), event, platform.policy.release, platform.now()).state
        wanted = desired(state)
        assert wanted is not None

        def move() -> EndpointStatus:
            warm = [wanted.warm] if wanted.warm else []
            status = platform.endpoint.deploy([*wanted.variants, *warm], shadow=wanted.shadow, salt=wanted.salt)
            keep_release(platform, state, ())
            return status

        return self._moving(move)

    def command(self, *arguments: str) -> tuple[float, float]:
        """Move traffic by the product's own command; return when it began and ended."""
        times = [time.perf_counter()]

        def run() -> EndpointStatus:
            self.cli(*arguments)
            times.append(time.perf_counter())
            return self.platform.endpoint.status()

        self._moving(run)
        return times[0], times[1]

    def cli(self, *arguments: str, code: int = 0) -> str:
        """Run `leadscore` in a process of its own and expect an exit code; return what it said."""
        program = [str(Path(sys.executable).parent / "leadscore"), "--home", str(self.home), *arguments]
        done = subprocess.run(program, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{arguments} ended with {done.returncode}: {done.stdout}{done.stderr}"
        return " ".join(f"{done.stdout} {done.stderr}".split())

    def corrupted(self) -> Package:
        """Register a package whose kept bundle has one byte turned over."""
        bundles = self.platform.bundles
        _, files = bundle.read(bundles.path(self.packages[-1].digest))
        draft = self.home / "draft-corrupt"
        draft.mkdir()
        bundle.write(draft, {**files, bundle.LINEAGE: b'{"seed": -1}'})
        digest = bundles.add(draft)
        model = bundles.path(digest) / bundle.MODEL
        content = bytearray(model.read_bytes())
        content[len(content) // 2] ^= 0xFF
        model.chmod(0o600)
        model.write_bytes(content)
        return _registered(self.platform, digest, START + WEEK * MODELS)

    def workers(self) -> dict[str, int]:
        """Return the processes of the server by their slots."""
        return {item["slot"]: item["pid"] for item in self.told("/status")["workers"]}

    def told(self, path: str) -> dict[str, Any]:
        """Return one of the server's own accounts."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            found: dict[str, Any] = json.loads(connection.getresponse().read())
            return found
        finally:
            connection.close()

    def _variant(self, name: str, version: int, weight: float) -> Variant:
        return Variant(name, self.packages[version - 1].digest, version, weight)

    def _moving(self, move: Callable[[], EndpointStatus]) -> EndpointStatus:
        """Move traffic; old and new may answer while it moves. What fails has moved nothing."""
        begin = time.perf_counter()
        status = move()
        now = time.perf_counter()
        if self.timeline:
            last = self.timeline[-1]
            self.timeline[-1] = Served(last.variants, last.salt, last.begin, last.settled, now)
        self.timeline.append(Served(status.variants, status.salt or "", begin, now))
        return status


@contextmanager
def prepared(home: Path, *, preset: Preset, leads: int, port: int) -> Iterator[Site]:
    """Make a home, train three packages on weeks of their own, release the first; the server ends with the context."""
    contract = preset_contract(preset)
    training = {"learners": ["xgboost"], "threads": 1, **_TRAINING[preset]}
    settings = {"start_week": START, "source": {"kind": "generator", "preset": preset}, "endpoint": {"port": port}}
    write_home(home, settings=settings, contract=contract, policy={"training": training})
    platform, policy = open_platform(load_settings(home)), policy_from({"training": training})
    packages = [_trained(platform, policy, home / f"draft-{n}", START + WEEK * n, seed=n) for n in range(MODELS)]
    site = Site(home, port, packages, _bodies(platform, leads))
    _differ(site.expected())
    try:
        yield site
    finally:
        platform.endpoint.stop()


def _trained(platform: Platform, policy: Policy, draft: Path, week: date, *, seed: int) -> Package:
    table = generate_week(week, contract=platform.contract, seed=seed)
    cut = table.num_rows * 4 // 5
    files = train_bundle(table[:cut], table[cut:], contract=platform.contract, policy=policy, lineage={"seed": seed})
    draft.mkdir()
    bundle.write(draft, files)
    return _registered(platform, platform.bundles.add(draft), week)


def _registered(platform: Platform, digest: str, week: date) -> Package:
    lineage = {"features_digest": platform.contract.digest, "data_digest": week.isoformat()}
    return platform.registry.register(digest=digest, week=week, metrics={}, lineage=lineage)


def _bodies(platform: Platform, leads: int) -> list[list[dict[str, Any]]]:
    """Leads as a client sends them: one by one, and every sixteenth request a handful."""
    contract = platform.contract
    table = generate_week(START + WEEK * (MODELS + 1), contract=contract, seed=99)[:leads]
    names = (contract.key, contract.created_at, *contract.names)
    rows = [{name: _plain(row[name]) for name in names if row[name] is not None} for row in table.to_pylist()]
    return [rows[at : at + 5] if at % 16 == 15 else [rows[at]] for at in range(len(rows))]


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _differ(expected: dict[str, dict[str, float]]) -> None:
    """See to it that an answer by another model would be noticed."""
    scores = [np.array(list(item.values())) for item in expected.values()]
    for at, one in enumerate(scores):
        for other in scores[:at]:
            assert np.mean(np.abs(one - other) > 1e-3) > 0.9, "the models answer alike: a wrong one would not be seen"
