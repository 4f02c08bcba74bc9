"""The model registry on SageMaker: one model package group, a package a bundle, people's approvals in its pages.

One object in S3, written on a condition alone, says which package is in production: exactly one is at every instant,
and life cycles follow. An update never names the approval unless the approval is what changes.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from leadscore_assets.backends.aws import requests_registry as requests
from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused
from leadscore_assets.backends.aws.registry_documents import PackageDocuments
from leadscore_assets.backends.aws.requests_registry import ServedBy, Standing
from leadscore_assets.backends.aws.run_records import record_run
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.packages import PRODUCTION, STAGES, check_digest, check_stage, is_digest
from leadscore_assets.domain.errors import Missing, TransientError
from leadscore_assets.domain.facts import Decision, Package

_POINTER = "registry/production.json"
_PAGE = 100
_TRIES = 20


@dataclass(frozen=True)
class _Look:
    """The group at a moment: its packages by version, which one is in production, and the pointer's ETag."""

    packages: dict[int, Standing]
    production: int | None
    etag: str | None

    def get(self, version: int) -> Standing:
        if version not in self.packages:
            known = ", ".join(str(item) for item in self.packages)
            told = f"there are {known}" if known else "there is none yet"
            raise Missing(f"package {version} is not registered; {told}")
        return self.packages[version]

    def of(self, digest: str) -> Standing | None:
        return next((item for item in self.packages.values() if item.digest == digest), None)


class SageMakerRegistry:
    """Every package, with exactly one in production; documents below `registry/`, training runs below `runs/`.

    `bundle_uri` gives the address of a bundle's archive by its digest. The group is made with `tags` when the first
    package is registered. The only thing kept in memory is what never changes.
    """

    def __init__(
        self,
        account: Account,
        store: S3Store,
        *,
        group: str,
        served_by: ServedBy,
        bundle_uri: Callable[[str], str],
        now: Callable[[], datetime],
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self._account = account
        self._store = store
        self._documents = PackageDocuments(store)
        self._group = group
        self._served_by = served_by
        self._bundle_uri = bundle_uri
        self._now = now
        self._tags = tags or {}

    def register(
        self,
        *,
        digest: str,
        week: date,
        metrics: dict[str, float],
        lineage: dict[str, Any],
        stage: str = "candidate",
    ) -> Package:
        """Register a bundle once, as candidate or staging; registering it again returns the package it has."""
        check_digest(digest)
        look = self._look()
        found = look.of(digest)
        if found:
            return self._packages(look, [found])[0]
        last = self._packages(look, list(look.packages.values())[-1:])
        package = Package(
            version=0,
            digest=digest,
            week=week,
            semver=self._documents.semver(digest, lineage, last[0] if last else None),
            stage=stage,
            created_at=self._now().astimezone(UTC),
            metrics=metrics,
            lineage=lineage,
            run_id=str(lineage.get("run_id") or ""),
        )
        if not look.packages:
            self._make_group()
        return self._created(package)

    def find(self, digest: str) -> Package | None:
        """Return the package of a bundle, None for one that was never registered."""
        if not is_digest(digest):
            return None
        look = self._look()
        found = look.of(digest)
        return self._packages(look, [found])[0] if found else None

    def get(self, version: int) -> Package:
        """Return a version's package; raise Missing naming the versions there are."""
        look = self._look()
        return self._packages(look, [look.get(version)])[0]

    def packages(self) -> list[Package]:
        """Return every package, oldest first."""
        look = self._look()
        return self._packages(look, list(look.packages.values()))

    def production(self) -> Package | None:
        """Return the one package in production, None before the first promotion."""
        look = self._look()
        found = look.packages.get(look.production) if look.production else None
        return self._packages(look, [found])[0] if found else None

    def promote(self, version: int) -> Package:
        """Put a version into production and archive the one before it; doing it twice is doing it once.

        Killed between its steps it leaves either the old or the new version in production, and a second call completes.
        """
        for _ in range(_TRIES):
            look = self._look()
            chosen, current = look.get(version), look.packages.get(look.production or 0)
            if look.production != version:
                # What is left behind is written first: after the switch nobody could tell which version that was.
                if current:
                    self._stand(current, "archive")
                content = json.dumps({"version": version, "previous": look.production}).encode()
                if self._store.put(_POINTER, content, only_new=look.etag is None, instead_of=look.etag) is None:
                    continue
            self._stand(chosen, PRODUCTION)
            return replace(self._packages(look, [chosen])[0], stage=PRODUCTION)
        raise TransientError(f"version {version} was not promoted: others promote at once; try again")

    def stage(self, version: int, stage: str) -> None:
        """Mark a version that is not in production with one of STAGES; raise Missing, InvalidInput."""
        check_stage(stage)
        self._stand(self._look().get(version), stage)

    def decisions(self) -> list[Decision]:
        """Return what people decided in SageMaker's pages and nobody marked yet, oldest first.

        An approval that was given and is pending again was taken back.
        """
        found = [self._decided(item) for item in self._look().packages.values() if item.undecided_here]
        return sorted(found, key=lambda item: item.at)

    def mark(self, decision: Decision) -> None:
        """Note a decision with its package, and let its approval follow; raise Missing.

        One that is older than what was marked, or than what a person said in SageMaker's pages since, changes nothing.
        """
        item = self._look().get(decision.version)
        if item.decision and item.decision.at >= decision.at:
            return
        newer = self._decided(item) if item.undecided_here else None
        # A stage that was written meanwhile makes the same decision look newer than it is.
        if newer and newer.approved != decision.approved and newer.at > decision.at:
            return
        wanted = requests.status_of(decision.approved)
        changed = {"ModelApprovalStatus": wanted} if item.status != wanted else {}
        cycle = requests.life_cycle(item.stage, decision.approved, decision)
        self._account.call(
            "sagemaker", "update_model_package", ModelPackageArn=item.arn, ModelLifeCycle=cycle, **changed
        )

    def track(
        self, *, name: str, week: date, params: dict[str, Any], metrics: dict[str, float], files: Sequence[Path]
    ) -> str:
        """Record one training run below `runs/` (once a name) and return the address of its folder."""
        return record_run(self._store, name=name, week=week, params=params, metrics=metrics, files=files)

    def _look(self) -> _Look:
        """Read the pointer first: packages are never removed, so the one it names is among those read after it."""
        pointer = self._store.get(_POINTER)
        production = json.loads(pointer.content)["version"] if pointer else None
        found = [item for item in map(requests.standing, self._summaries()) if item]
        packages = {item.version: item for item in sorted(found, key=lambda item: item.version)}
        return _Look(packages, production, pointer.facts.etag if pointer else None)

    def _summaries(self) -> list[dict[str, Any]]:
        try:
            return list(
                self._account.pages(
                    "sagemaker",
                    "list_model_packages",
                    "ModelPackageSummaryList",
                    ModelPackageGroupName=self._group,
                    PaginationConfig={"PageSize": _PAGE},
                )
            )
        except AwsRefused as error:
            if "does not exist" in f"{error}":
                # Whoever only looks makes nothing.
                return []
            raise

    def _packages(self, look: _Look, items: Sequence[Standing]) -> list[Package]:
        documents = self._documents.read(item.digest for item in items)
        return [
            replace(
                documents[item.digest],
                version=item.version,
                stage=_stage(item, documents[item.digest], look.production),
                decision=item.decision,
            )
            for item in items
        ]

    def _created(self, package: Package) -> Package:
        statistics = self._documents.write(package)
        request = requests.package_request(
            package,
            group=self._group,
            served_by=self._served_by,
            bundle_uri=self._bundle_uri(package.digest),
            statistics=statistics,
        )
        try:
            answer = self._account.call("sagemaker", "create_model_package", **request)
        except AwsRefused:
            # Another process may have registered the bundle a moment before, in other words.
            found = self.find(package.digest)
            if found is None:
                raise
            return found
        version = int(answer["ModelPackageArn"].rsplit("/", 1)[-1])
        return replace(self._documents.read([package.digest])[package.digest], version=version)

    def _make_group(self) -> None:
        try:
            request = requests.group_request(self._group, tags=self._tags)
            self._account.call("sagemaker", "create_model_package_group", **request)
        except AwsRefused as error:
            if "already exists" not in f"{error}":
                raise

    def _stand(self, item: Standing, stage: str) -> None:
        """Write where a package stands; what is known of its approval stays, and its approval is not named."""
        if item.stage == stage:
            return
        cycle = requests.life_cycle(stage, item.approved, item.decision)
        if not item.known:
            cycle = requests.shown(stage, item.status)
        self._account.call("sagemaker", "update_model_package", ModelPackageArn=item.arn, ModelLifeCycle=cycle)

    def _decided(self, item: Standing) -> Decision:
        described = self._account.call("sagemaker", "describe_model_package", ModelPackageName=item.arn)
        at = described.get("LastModifiedTime") or described["CreationTime"]
        comment = described.get("ApprovalDescription") or ""
        approved = item.status == requests.APPROVED
        return Decision(item.version, approved, requests.person(described), at.astimezone(UTC), comment)


def _stage(item: Standing, born: Package, production: int | None) -> str:
    if item.version == production:
        return PRODUCTION
    if item.stage == PRODUCTION:
        # Written before the pointer moved on: a promotion was cut short, and this one is the version it left.
        return "archive"
    return item.stage if item.stage in STAGES else born.stage
