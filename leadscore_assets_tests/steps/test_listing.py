"""Ranked lists: best first, ties by key, harmless in a spreadsheet, and whole."""

from collections.abc import Callable
from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leadscore_assets.domain.errors import Missing
from leadscore_assets.domain.scoring import Scorer
from leadscore_assets.steps.ingest import ingest_week
from leadscore_assets.steps.listing import champion, csv_bytes, list_problems, rank, score_week
from leadscore_assets.steps.platform import Platform
from leadscore_assets_tests.home import CONTRACT, WEEKS, Home, leads, rows_of

WEEK = WEEKS[1]


def ranked(platform: Platform, table: pa.Table) -> pa.Table:
    package = champion(platform)
    scorer = Scorer.open(platform.bundles.path(package.digest), digest=package.digest)
    return rank(table, scorer, package, platform)


def test_leads_stand_best_first_and_ties_by_key(on_champion: Platform) -> None:
    one = leads(WEEK).slice(0, 1)
    keys = ["c", "a", "b"]
    same = pa.concat_tables([one.set_column(0, one.schema.field(0), pa.array([key])) for key in keys])
    table = ranked(on_champion, pa.concat_tables([leads(WEEK), same]))
    scores = table["score"].to_pylist()
    assert scores == sorted(scores, reverse=True)
    assert table["rank"].to_pylist() == list(range(1, 214))
    assert [key for key in table["lead_id"].to_pylist() if key in keys] == ["a", "b", "c"]


def test_the_order_of_the_rows_that_come_in_does_not_matter(on_champion: Platform) -> None:
    table = leads(WEEK)
    turned = table.take(list(range(table.num_rows))[::-1])
    assert ranked(on_champion, table).equals(ranked(on_champion, turned))


def test_reasons_name_features_with_their_values(on_champion: Platform) -> None:
    table = leads(WEEK).slice(0, 5)
    employees = dict(zip(table["lead_id"].to_pylist(), table["employees"].to_pylist(), strict=True))
    for row in ranked(on_champion, table).to_pylist():
        assert row["reasons"].count("; ") == 2
        told = [part for part in row["reasons"].split("; ") if part.startswith("employees")]
        assert all(part.startswith(f"employees = {employees[row['lead_id']]} ") for part in told)


def test_text_that_a_spreadsheet_would_run_is_made_harmless() -> None:
    table = pa.table({"lead_id": ["=cmd()", "+1", "-1", "@a", "\tb", "plain", "", None], "score": [-1.0] * 8})
    lines = csv_bytes(table).decode().splitlines()
    assert lines[1:5] == ['"\'=cmd()",-1', '"\'+1",-1', '"\'-1",-1', '"\'@a",-1']
    assert lines[6:] == ['"plain",-1', '"",-1', ",-1"]


def test_a_weeks_list_is_stored_twice_and_recorded_once(on_champion: Platform) -> None:
    for _ in range(2):
        found = score_week(on_champion, WEEK)
    assert found.rows == sum(found.bands.values()) == 210
    table = pq.read_table(found.parquet, partitioning=None)
    assert [row["lead_id"] for row in rows_of(on_champion.lake.local_path(f"scored/week={WEEK}/leads.csv"))] == table[
        "lead_id"
    ].to_pylist()
    assert len([item for item in on_champion.ledger.records(action="scored") if f"{WEEK}" in item.subject]) == 1
    assert list_problems(on_champion, WEEK) == []


def test_an_empty_week_has_an_empty_list(copy: Callable[[Home], Home], champion: Home) -> None:
    home = copy(champion)
    (home.data / f"{WEEK}.csv").unlink()
    platform = home.platform()
    ingest_week(platform, WEEK)
    found = score_week(platform, WEEK)
    assert (found.rows, found.bands, found.scores) == (0, {}, ())
    assert list_problems(platform, WEEK) == []


def test_a_list_of_other_leads_is_told(on_champion: Platform) -> None:
    score_week(on_champion, WEEK)
    path = on_champion.lake.local_path(f"scored/week={WEEK}/leads.parquet")
    table = pq.read_table(path, partitioning=None)
    at = table.column_names.index("score")
    pq.write_table(table.slice(1).set_column(at, "score", pa.array([9.0, *([1.0, 2.0] * 104)])), path)
    told = " ".join(list_problems(on_champion, WEEK))
    assert "holds 209 leads and the week 210" in told
    assert "1 scores lie outside the label's range" in told
    assert "not in order" in told


def test_what_is_not_there_cannot_be_listed(on_leads: Platform) -> None:
    with pytest.raises(Missing, match="no model in production; run 'leadscore retrain'"):
        score_week(on_leads, WEEK)


def test_a_week_that_is_not_ingested_cannot_be_scored(on_champion: Platform) -> None:
    absent = date(2025, 6, 2)
    with pytest.raises(Missing, match=f"week {absent} is not ingested"):
        score_week(on_champion, absent)
    assert CONTRACT.key == "lead_id"
