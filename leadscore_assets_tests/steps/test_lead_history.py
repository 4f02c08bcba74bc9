"""Why a lead got its score then: the same bits by the model of then, from the leads of then."""

from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from leadscore_assets.domain.errors import Missing
from leadscore_assets.steps.audit import live_then
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.lead_history import lead_then
from leadscore_assets.steps.listing import list_path, score_week
from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.home import NEW, SECOND, WEEKS, Home, leads, write_csv
from leadscore_assets_tests.steps.releases import Clock

WEEK = WEEKS[6]
LEAD = f"lead-{WEEK}-7"
START = datetime(2030, 1, 7, 9, tzinfo=UTC)


@pytest.fixture
def scored(copy, released: Home) -> tuple[Home, Platform, Clock]:
    """A week ranked by version 2, on a morning of the test's own."""
    home, clock = copy(released), Clock(START)
    platform = home.platform(now=clock)
    score_week(platform, WEEK)
    clock.pass_(hours=1)
    return home, platform, clock


def stored_row(platform: Platform, lead: str) -> dict:
    table = pq.read_table(platform.lake.local_path(list_path(WEEK)), partitioning=None)
    return next(row for row in table.to_pylist() if row["lead_id"] == lead)


def test_a_leads_score_is_replayed_to_the_same_bits(scored: tuple[Home, Platform, Clock]) -> None:
    _, platform, _ = scored
    found = lead_then(platform, LEAD)

    assert found.row == stored_row(platform, LEAD)
    assert (found.same_list, found.same_row, found.differs) == (True, True, False)
    assert (found.week, found.package.version, found.created_at) == (WEEK, 2, found.row["created_at"])
    assert found.recorded
    assert found.recorded.at == START
    assert found.evidence["data"]
    assert found.evidence["policy"]
    assert found.evidence["evaluation"]
    assert found.row["reasons"].count(" the score by ") == 3


def test_an_earlier_list_is_replayed_from_its_own_leads_and_its_own_model(scored: tuple[Home, Platform, Clock]) -> None:
    home, platform, clock = scored
    before = stored_row(platform, LEAD)
    corrected = leads(WEEK).to_pylist()
    corrected[7]["employees"] = 4_999 if corrected[7]["employees"] < 2_500 else 1
    table = leads(WEEK)
    write_csv(home.data / f"{WEEK}.csv", table.from_pylist(corrected, schema=table.schema))
    ingest_week(platform, WEEK)
    platform.registry.promote(1)
    clock.pass_(days=1)
    score_week(platform, WEEK)

    then = lead_then(platform, LEAD, before=START + timedelta(hours=2))
    assert then.row == before
    assert (then.package.version, then.manifest.generation, then.same_list, then.same_row) == (2, 1, True, None)
    now = lead_then(platform, LEAD)
    assert now.row == stored_row(platform, LEAD) != before
    assert (now.package.version, now.manifest.generation, now.same_list, now.same_row) == (1, 2, True, True)


def test_leads_of_then_that_were_not_kept_are_said_to_be_others(scored: tuple[Home, Platform, Clock]) -> None:
    home, platform, _ = scored
    write_csv(home.data / f"{WEEK}.csv", leads(WEEK).slice(0, 100))
    ingest_week(platform, WEEK)
    for path in platform.lake.local_path(f"leads/week={WEEK}/generations").iterdir():
        path.unlink()

    found = lead_then(platform, LEAD)
    assert (found.leads_changed, found.same_list, found.same_row) == (True, None, None)


def test_a_list_that_was_changed_is_told(scored: tuple[Home, Platform, Clock]) -> None:
    _, platform, _ = scored
    path = platform.lake.local_path(list_path(WEEK))
    table = pq.read_table(path, partitioning=None)
    at = table.column_names.index("score")
    changed = [
        value + 1e-9 if key == LEAD else value
        for key, value in zip(*table.select(["lead_id", "score"]).to_pydict().values(), strict=True)
    ]
    pq.write_table(table.set_column(at, "score", [changed]), path)

    found = lead_then(platform, LEAD)
    assert (found.same_list, found.same_row, found.differs) == (True, False, True)
    pq.write_table(table.filter([key != LEAD for key in table["lead_id"].to_pylist()]), path)
    assert lead_then(platform, LEAD).same_row is False
    path.unlink()
    assert lead_then(platform, LEAD).same_row is None


def test_a_lead_of_a_week_without_a_list_is_scored_by_what_was_live_then(scored: tuple[Home, Platform, Clock]) -> None:
    _, platform, _ = scored
    lead = f"lead-{SECOND}-3"
    found = lead_then(platform, lead)
    assert (found.recorded, found.week, found.package.version) == (None, SECOND, 2)
    assert (found.same_list, found.same_row) == (None, None)
    went_live = live_then(platform, START, START).stretches[0].champion.since
    assert went_live
    earlier = lead_then(platform, lead, before=went_live - timedelta(microseconds=1))
    assert earlier.package.version == 1
    with pytest.raises(Missing, match="no model was live at 2025-01-2"):
        lead_then(platform, lead, before=datetime(2025, 1, 25, tzinfo=UTC))


@pytest.mark.parametrize(
    ("lead", "limits", "where"),
    [
        ("nobody", {}, "any week"),
        (LEAD, {"week": NEW}, f"week {NEW}"),
        (LEAD, {"before": datetime(2025, 2, 1, tzinfo=UTC)}, "any week before 2025-02-01 00:00 UTC"),
    ],
)
def test_a_lead_that_the_site_does_not_hold_is_an_error(
    lead: str, limits: dict, where: str, scored: tuple[Home, Platform, Clock]
) -> None:
    with pytest.raises(Missing, match=f"this site holds no lead '{lead}' in {where}; check its key"):
        lead_then(scored[1], lead, **limits)


def test_asking_leaves_no_trace_of_the_lead(
    scored: tuple[Home, Platform, Clock], caplog: pytest.LogCaptureFixture
) -> None:
    _, platform, _ = scored
    head = platform.ledger.head()
    lead_then(platform, LEAD)

    assert platform.ledger.head() == head
    assert LEAD not in caplog.text
    assert not any(LEAD in f"{record}" for record in platform.ledger.records())
