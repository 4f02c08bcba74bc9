"""What every model registry keeps to, and the packages that its tests register."""

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from leadscore_assets.backends.ports import ModelRegistry
from leadscore_assets.domain.errors import InvalidInput, Missing
from leadscore_assets.domain.facts import Decision, Package

WEEK = date(2026, 1, 5)
NOON = datetime(2026, 1, 13, 12, tzinfo=timezone(timedelta(hours=1)))
LINEAGE = {"features_digest": "f1", "data_digest": "d1", "days": ["2026-01-05", "2026-01-08"], "params": {"depth": 5}}


def digest(number: int) -> str:
    return f"{number:064x}"


def register(registry: ModelRegistry, number: int, **lineage: Any) -> Package:
    metrics = {"spearman": 0.3 + number / 1000}
    return registry.register(
        digest=digest(number), week=WEEK + timedelta(weeks=number), metrics=metrics, lineage=LINEAGE | lineage
    )


def stages(registry: ModelRegistry) -> dict[int, str]:
    return {package.version: package.stage for package in registry.packages()}


class ModelRegistryContract:
    """What every registry keeps to; an adapter's tests derive from it and give the fixture `registry`."""

    def test_an_empty_registry_has_no_package(self, registry: ModelRegistry) -> None:
        assert registry.packages() == []
        assert registry.production() is None
        assert registry.find(digest(1)) is None

    def test_a_package_keeps_all_that_is_known_of_its_bundle(self, registry: ModelRegistry) -> None:
        package = registry.register(digest=digest(1), week=WEEK, metrics={"spearman": 0.31}, lineage=LINEAGE)

        assert package == Package(
            version=1,
            digest=digest(1),
            week=WEEK,
            semver="v1.0.0",
            stage="candidate",
            created_at=NOON,
            metrics={"spearman": 0.31},
            lineage=LINEAGE,
        )
        assert registry.find(digest(1)) == registry.get(1) == package
        assert registry.packages() == [package]

    def test_the_same_bundle_again_is_the_package_it_has(self, registry: ModelRegistry) -> None:
        first = register(registry, 1)
        register(registry, 2)

        again = registry.register(digest=digest(1), week=WEEK, metrics={}, lineage=LINEAGE)

        assert again == first
        assert [package.version for package in registry.packages()] == [1, 2]

    def test_versions_say_what_changed(self, registry: ModelRegistry) -> None:
        changes: list[dict[str, str]] = [
            {},
            {"data_digest": "d2"},
            {"data_digest": "d2"},
            {"features_digest": "f2"},
            {"features_digest": "f2", "data_digest": "d3"},
        ]

        found = [register(registry, number, **change).semver for number, change in enumerate(changes)]

        assert found == ["v1.0.0", "v1.1.0", "v1.1.1", "v2.0.0", "v2.1.0"]

    def test_an_unknown_version_names_those_there_are(self, registry: ModelRegistry) -> None:
        with pytest.raises(Missing, match="package 7 is not registered; there is none yet"):
            registry.get(7)
        register(registry, 1)
        register(registry, 2)
        for use in (registry.get, registry.promote):
            with pytest.raises(Missing, match="package 7 is not registered; there are 1, 2"):
                use(7)

    def test_promotion_archives_the_one_before(self, registry: ModelRegistry) -> None:
        for number in (1, 2, 3):
            register(registry, number)

        assert registry.promote(1).stage == "production"
        assert stages(registry) == {1: "production", 2: "candidate", 3: "candidate"}
        registry.promote(3)
        assert stages(registry) == {1: "archive", 2: "candidate", 3: "production"}
        assert registry.production() == registry.get(3)

    def test_promoting_twice_is_promoting_once(self, registry: ModelRegistry) -> None:
        register(registry, 1)

        assert registry.promote(1) == registry.promote(1)
        assert stages(registry) == {1: "production"}

    def test_an_archived_package_can_come_back(self, registry: ModelRegistry) -> None:
        for number in (1, 2):
            register(registry, number)
            registry.promote(number)

        registry.promote(1)

        assert stages(registry) == {1: "production", 2: "archive"}

    @pytest.mark.parametrize("length", [30_000, 250_000])
    def test_a_long_lineage_is_kept_whole(self, length: int, registry: ModelRegistry) -> None:
        features = ["größe"] * (length // 8)

        register(registry, 1, features=features)

        assert registry.get(1).lineage == LINEAGE | {"features": features}

    def test_metrics_that_are_not_finite_are_refused(self, registry: ModelRegistry) -> None:
        with pytest.raises(InvalidInput, match=r"metrics are not JSON .*; leave out what is not finite"):
            registry.register(digest=digest(1), week=WEEK, metrics={"auc": float("nan")}, lineage=LINEAGE)

        assert registry.packages() == []

    @pytest.mark.parametrize("wrong", ["", "x" * 64, "ab", "' OR '1'='1"])
    def test_what_is_no_digest_is_no_package(self, wrong: str, registry: ModelRegistry) -> None:
        with pytest.raises(InvalidInput, match="is no bundle digest"):
            registry.register(digest=wrong, week=WEEK, metrics={}, lineage=LINEAGE)
        assert registry.find(wrong) is None

    def test_a_package_shows_where_its_release_stands(self, registry: ModelRegistry) -> None:
        register(registry, 1)
        for stage in ("staging", "shadow", "canary", "archive", "candidate"):
            registry.stage(1, stage)
            assert stages(registry) == {1: stage}
        for wrong in ("production", "Shadow", ""):
            with pytest.raises(InvalidInput, match="is no stage; choose one of candidate, staging"):
                registry.stage(1, wrong)
        with pytest.raises(Missing, match="there are 1"):
            registry.stage(2, "archive")

    def test_a_decision_is_marked_on_its_package_and_an_older_one_changes_nothing(
        self, registry: ModelRegistry
    ) -> None:
        registry.register(digest=digest(1), week=WEEK, metrics={}, lineage=LINEAGE, stage="staging")
        assert registry.get(1).decision is None
        refused = Decision(1, False, "ann", NOON, 'a launch week, "later"')

        registry.mark(refused)
        registry.mark(refused)
        registry.mark(Decision(1, True, "bob", NOON - timedelta(seconds=1)))
        registry.stage(1, "archive")

        assert registry.get(1).decision == refused
        assert registry.get(1).stage == "archive"
        registry.mark(Decision(1, True, "bob", NOON + timedelta(seconds=1)))
        assert registry.find(digest(1)) == registry.get(1)
        assert registry.packages()[0].decision == Decision(1, True, "bob", NOON + timedelta(seconds=1))
        assert registry.decisions() == []
        with pytest.raises(Missing):
            registry.mark(Decision(7, True, "bob", NOON))

    def test_a_run_is_tracked_once_a_name(self, registry: ModelRegistry) -> None:
        def track(name: str) -> str:
            return registry.track(name=name, week=WEEK, params={"depth": 5}, metrics={"mae": 0.4}, files=[])

        first = track("week 2026-01-05 'ä'")

        assert track("week 2026-01-05 'ä'") == first
        assert track("week 2026-01-12") != first

    def test_a_package_is_linked_to_its_run(self, registry: ModelRegistry) -> None:
        run_id = registry.track(name="one", week=WEEK, params={}, metrics={}, files=[])

        assert register(registry, 1, run_id=run_id).run_id == run_id
        assert registry.get(1).run_id == run_id

    def test_a_version_whose_bundle_is_kept_no_more_stays_as_a_record(self, registry: ModelRegistry) -> None:
        first, second = register(registry, 1), register(registry, 2)
        assert first.kept

        for _ in range(2):
            registry.withdraw(1)

        assert registry.get(1) == replace(first, kept=False)
        assert registry.packages()[1] == second
        assert register(registry, 3).version == 3

    def test_the_bundle_in_production_is_never_withdrawn(self, registry: ModelRegistry) -> None:
        register(registry, 1)
        registry.promote(1)

        with pytest.raises(InvalidInput, match="version 1 is in production"):
            registry.withdraw(1)
        with pytest.raises(Missing, match="package 7 is not registered"):
            registry.withdraw(7)

        assert registry.get(1).kept
