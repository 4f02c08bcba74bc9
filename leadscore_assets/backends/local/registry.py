"""The model registry on MLflow with SQLite: packages are model versions, training runs are runs of one experiment.

The alias `production` alone says which package is in production: it is one row, so exactly one version holds it at
every instant, and the stage of every other package is told from it. MLflow is opened when first used, with its own
address and no global state; its telemetry is off.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from leadscore_assets.backends.local import mlflow_store
from leadscore_assets.backends.local.mlflow_run import record_run
from leadscore_assets.backends.local.mlflow_tags import DECISION, decision_text, from_tags, to_tags
from leadscore_assets.backends.packages import PRODUCTION, check_digest, check_stage, is_digest
from leadscore_assets.domain.errors import InvalidInput, Missing
from leadscore_assets.domain.facts import Decision, Package
from leadscore_assets.domain.semver import next_semver

PREVIOUS = "previous"


class MlflowRegistry:
    """Every package, with exactly one in production; kept in `folder/mlflow.db` and `folder/mlartifacts`.

    `bundle_uri` gives the address of a bundle by its digest, which MLflow shows as the version's source.
    """

    def __init__(
        self,
        *,
        folder: Path,
        now: Callable[[], datetime],
        experiment: str = "leadscore",
        name: str = "leadscore",
        bundle_uri: Callable[[str], str] = "bundle:{}".format,
    ) -> None:
        self._folder = folder
        self._now = now
        self._experiment = experiment
        self._name = name
        self._bundle_uri = bundle_uri

    def register(
        self,
        *,
        digest: str,
        week: date,
        metrics: dict[str, float],
        lineage: dict[str, Any],
        stage: str = "candidate",
    ) -> Package:
        """Register a bundle once, as candidate or staging; registering it again returns the package it has.

        `lineage` needs `features_digest` and `data_digest`; `run_id`, where it has one, links the tracked run.
        """
        check_digest(digest)
        with self._writing() as client:
            standing = self.find(digest)
            if standing:
                return standing
            earlier = self.packages()
            package = Package(
                version=0,
                digest=digest,
                week=week,
                semver=next_semver(earlier[-1] if earlier else None, lineage),
                stage=stage,
                created_at=self._now().astimezone(UTC),
                metrics=metrics,
                lineage=lineage,
            )
            run_id = lineage.get("run_id") or None
            source = self._bundle_uri(digest)
            client.create_model_version(
                self._name, source, run_id, tags=to_tags(package), description=_described(package), await_creation_for=0
            )
        return self._known(digest)

    def find(self, digest: str) -> Package | None:
        """Return the package of a bundle, None for one that was never registered."""
        found = self._search(f" and tags.digest = '{digest}'") if is_digest(digest) else []
        return found[0] if found else None

    def get(self, version: int) -> Package:
        """Return a version's package; raise Missing naming the versions there are."""
        packages = {package.version: package for package in self.packages()}
        if version not in packages:
            known = f"there are {', '.join(str(item) for item in packages)}" if packages else "there is none yet"
            raise Missing(f"package {version} is not registered; {known}")
        return packages[version]

    def packages(self) -> list[Package]:
        """Return every package, oldest first."""
        return self._search()

    def production(self) -> Package | None:
        """Return the one package in production, None before the first promotion."""
        return next((package for package in self.packages() if package.stage == PRODUCTION), None)

    def promote(self, version: int) -> Package:
        """Put a version into production and archive the one before it; doing it twice is doing it once.

        Killed between its steps it leaves either the old or the new version in production, and a second call completes.
        """
        self.get(version)
        with self._writing() as client:
            current = self._aliases().get(PRODUCTION)
            if current != version:
                # What is left behind is written first: after the switch nobody could tell which version that was.
                if current is not None:
                    self._write_stage(client, current, "archive")
                    client.set_registered_model_alias(self._name, PREVIOUS, str(current))
                client.set_registered_model_alias(self._name, PRODUCTION, str(version))
            self._write_stage(client, version, PRODUCTION)
        return self.get(version)

    def stage(self, version: int, stage: str) -> None:
        """Mark a version that is not in production with one of STAGES; raise Missing, InvalidInput."""
        check_stage(stage)
        self.get(version)
        with self._writing() as client:
            self._write_stage(client, version, stage)

    def withdraw(self, version: int) -> None:
        """Note that a version's bundle is kept no more; raise Missing, and InvalidInput for the one in production."""
        if self.get(version).stage == PRODUCTION:
            raise InvalidInput(f"version {version} is in production; its bundle stays until another one is")
        with self._writing() as client:
            client.set_model_version_tag(self._name, str(version), "kept", "no")

    def decisions(self) -> list[Decision]:
        """Return nothing: MLflow's pages are for looking, people decide with `leadscore release`."""
        return []

    def mark(self, decision: Decision) -> None:
        """Note a decision with its package, unless a later one stands there; raise Missing."""
        known = self.get(decision.version).decision
        if known is None or known.at < decision.at:
            with self._writing() as client:
                client.set_model_version_tag(self._name, str(decision.version), DECISION, decision_text(decision))

    def track(
        self, *, name: str, week: date, params: dict[str, Any], metrics: dict[str, float], files: Sequence[Path]
    ) -> str:
        """Record one training run in the experiment (once a name) and return the run's id."""
        with self._writing() as client:
            experiment = client.get_experiment_by_name(self._experiment)
            return record_run(
                client, experiment.experiment_id, name=name, week=week, params=params, metrics=metrics, files=files
            )

    @cached_property
    def _client(self) -> Any:
        return mlflow_store.opened(self._folder, experiment=self._experiment, name=self._name)

    @contextmanager
    def _writing(self) -> Iterator[Any]:
        client = self._client
        with mlflow_store.lock(self._folder), mlflow_store.errors(self._folder):
            yield client

    def _aliases(self) -> dict[str, int]:
        aliases = self._client.get_registered_model(self._name).aliases
        return {name: int(version) for name, version in aliases.items()}

    def _search(self, more: str = "") -> list[Package]:
        if not (self._folder / mlflow_store.DATABASE).exists():
            # Whoever only looks makes nothing.
            return []
        with mlflow_store.errors(self._folder):
            # Aliases first: versions are never removed, so the one in production is among those read after it.
            in_production = self._aliases().get(PRODUCTION)
            query, token, found = f"name = '{self._name}'{more}", None, []
            while token != "":
                page = self._client.search_model_versions(query, order_by=["version_number ASC"], page_token=token)
                found += [from_tags(version, in_production=in_production) for version in page]
                token = page.token or ""
        return found

    def _known(self, digest: str) -> Package:
        package = self.find(digest)
        if package is None:
            raise Missing(f"package of bundle {digest[:12]} is gone from {self._folder}; register it again")
        return package

    def _write_stage(self, client: Any, version: int, stage: str) -> None:
        if client.get_model_version(self._name, str(version)).tags.get("stage") != stage:
            client.set_model_version_tag(self._name, str(version), "stage", stage)


def _described(package: Package) -> str:
    return f"{package.semver}, trained for the week of {package.week}, bundle {package.digest[:12]}"
