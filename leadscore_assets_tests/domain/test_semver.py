"""Which part of the semantic version moves."""

from datetime import UTC, date, datetime

import pytest

from leadscore_assets.domain.errors import InvalidInput
from leadscore_assets.domain.facts import Package
from leadscore_assets.domain.semver import next_semver


def _package(semver: str = "v1.2.3") -> Package:
    lineage = {"features_digest": "f1", "data_digest": "d1"}
    moment = datetime(2026, 1, 13, tzinfo=UTC)
    return Package(1, "ab" * 32, date(2026, 1, 5), semver, "candidate", moment, {}, lineage)


@pytest.mark.parametrize(
    ("features", "data", "expected"),
    [("f2", "d1", "v2.0.0"), ("f2", "d2", "v2.0.0"), ("f1", "d2", "v1.3.0"), ("f1", "d1", "v1.2.4")],
    ids=["features", "features and data", "data", "settings only"],
)
def test_the_largest_change_since_the_package_before_decides(features: str, data: str, expected: str) -> None:
    assert next_semver(_package(), {"features_digest": features, "data_digest": data}) == expected


def test_the_first_package_is_one() -> None:
    assert next_semver(None, {"features_digest": "f1", "data_digest": "d1"}) == "v1.0.0"


def test_numbers_count_beyond_nine() -> None:
    assert next_semver(_package("v9.19.9"), {"features_digest": "f1", "data_digest": "d2"}) == "v9.20.0"


def test_a_lineage_that_cannot_decide_is_refused() -> None:
    with pytest.raises(InvalidInput, match="lacks features_digest and data_digest; train the week again"):
        next_semver(None, {"features_digest": ""})
