"""`leadscore score`: a ranked list of any file, rejected rows beside it."""

from pathlib import Path

import pyarrow.parquet as pq

from leadscore_assets_tests.home import WEEKS, Home, leads, rows_of, write_csv, write_parquet, write_rows

LAST = WEEKS[-1]


def test_a_list_is_ranked_best_first_with_band_and_reasons(live: Home, tmp_path: Path) -> None:
    output = tmp_path / "ranked.csv"
    told = live.cli("score", str(live.data / f"{LAST}.csv"), "--output", str(output))
    assert "210 leads scored by version 2; 0 rejected" in told.out
    rows = rows_of(output)
    scores = [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert [row["rank"] for row in rows] == [f"{n}" for n in range(1, 211)]
    assert {row["band"] for row in rows} <= {"hot", "warm", "cool", "cold"}
    assert all("the score by" in row["reasons"] for row in rows)
    assert not Path(f"{output}.rejected.csv").exists()


def test_csv_and_parquet_hold_the_same_list(live: Home, tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "leads.parquet", leads(LAST))
    for name in ("ranked.csv", "ranked.parquet"):
        live.cli("score", str(source), "--output", str(tmp_path / name))
    table = pq.read_table(tmp_path / "ranked.parquet")
    assert [row["lead_id"] for row in rows_of(tmp_path / "ranked.csv")] == table["lead_id"].to_pylist()


def test_leads_without_label_and_outcome_are_scored_alike(live: Home, tmp_path: Path) -> None:
    whole, new = leads(LAST), leads(LAST).drop_columns(["lead_score", "converted"])
    found = [
        live.cli("score", str(write_csv(tmp_path / name, table)), "--json").json["leads"]
        for name, table in (("old.csv", whole), ("new.csv", new))
    ]
    assert found[0] == found[1]


def test_rejected_rows_are_written_beside_the_list_and_the_exit_code_is_1(live: Home, tmp_path: Path) -> None:
    rows = rows_of(write_csv(tmp_path / "leads.csv", leads(LAST, rows=20)))
    rows[3]["employees"] = "-5"
    rows[4]["industry"] = "mining"
    output = tmp_path / "ranked.csv"
    told = live.cli("score", str(write_rows(tmp_path / "leads.csv", rows)), "--output", str(output), code=1)
    assert "18 leads scored by version 2; 2 rejected" in told.out
    rejected = rows_of(Path(f"{output}.rejected.csv"))
    assert [row["reasons"] for row in rejected] == [
        "employees: below the minimum 1",
        "industry: level not in the contract",
    ]
    assert rejected[0]["employees"].lstrip("'") == "-5"
    assert len(rows_of(output)) == 18


def test_json_tells_counts_reasons_and_the_best_leads(live: Home) -> None:
    found = live.cli("score", str(live.data / f"{LAST}.csv"), "--top", "3", "--json").json
    assert (found["version"], found["scored"], found["rejected"], found["reasons_of_rejection"]) == (2, 210, 0, {})
    assert [lead["rank"] for lead in found["leads"]] == [1, 2, 3]


def test_the_terminal_shows_as_many_as_asked_for(live: Home) -> None:
    out = live.cli("score", str(live.data / f"{LAST}.csv"), "--top", "2").out
    assert out.count(f"lead-{LAST}-") == 2
