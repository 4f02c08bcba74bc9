"""The commands around the ledger: filters, export, heads, what was live, and why a lead got its score."""

import csv
import io
import json
import sqlite3
from collections.abc import Callable

import pytest

from leadscore_assets.domain.ledger_actions import ACTIONS
from leadscore_assets_tests.home import NEW, WEEKS, Home

Copy = Callable[[Home], Home]
LEAD = f"lead-{WEEKS[6]}-7"


def test_records_are_shown_by_action_subject_actor_and_time(released: Home) -> None:
    def shown(*options: str) -> list[dict]:
        return released.cli("ledger", "show", "--json", "--limit", "500", *options).json

    everything = shown()
    assert {item["subject"] for item in shown("--subject", "package 2")} == {"package 2"}
    assert shown("--actor", everything[0]["actor"]) == [i for i in everything if i["actor"] == everything[0]["actor"]]
    assert shown("--actor", "nobody") == []
    middle = everything[len(everything) // 2]["at"]
    assert shown("--until", middle) + shown("--since", middle) == everything
    day = everything[-1]["at"][:10]
    assert everything[-1] in shown("--since", day, "--until", day)


def test_an_action_that_does_not_exist_is_an_error_with_the_nearest_word(released: Home) -> None:
    assert (
        "there is no action 'promted'; did you mean 'promoted'?"
        in released.cli("ledger", "show", "--action", "promted", code=1).error
    )
    assert "see 'leadscore ledger actions'" in released.cli("ledger", "show", "--action", "xyz", code=1).error
    assert released.cli("ledger", "actions", "--json").json == dict(ACTIONS)
    assert released.cli("ledger", "show", "--action", "cleaned", "--json").json == []


@pytest.mark.parametrize("time", ["yesterday", "2026-13-01", "2026-03-02T25:00"])
def test_a_time_that_is_none_is_a_usage_error(time: str, released: Home) -> None:
    assert (
        "is no time; write 2026-03-02 or 2026-03-02T12:00"
        in released.cli("ledger", "show", "--since", time, code=2).error
    )


def test_an_export_holds_every_record_and_ends_with_the_head(released: Home) -> None:
    lines = [json.loads(line) for line in released.cli("ledger", "export").out.splitlines()]
    records = [item.to_json() for item in released.platform().ledger.records()]
    assert lines[:-1] == records
    assert lines[-1] == {"head": {"seq": len(records), "hash": records[-1]["hash"]}, "records": len(records)}
    some = released.cli("ledger", "export", "--action", "promoted", "--since", "2025-01-01").out.splitlines()
    assert [json.loads(line)["subject"] for line in some[:-1]] == ["package 1", "package 2"]
    assert json.loads(some[-1]) == {**lines[-1], "records": 2}


def test_an_export_as_csv_has_the_head_in_every_row(released: Home, tmp_path) -> None:
    target = tmp_path / "ledger.csv"
    assert released.cli("ledger", "export", "--format", "csv", "--output", str(target)).out == ""
    rows = list(csv.DictReader(io.StringIO(target.read_text())))
    head = released.cli("ledger", "head").out.strip()
    assert {row["head"] for row in rows} == {head}
    assert [int(row["seq"]) for row in rows] == list(range(1, len(rows) + 1))
    assert json.loads(rows[0]["evidence"]) == released.platform().ledger.records()[0].evidence


def test_an_export_of_an_empty_ledger_is_whole(home: Home) -> None:
    assert json.loads(home.cli("ledger", "export").out) == {"head": {"seq": 0, "hash": "0" * 64}, "records": 0}
    assert home.cli("ledger", "export", "--format", "csv").out.count("\n") == 1


def test_a_head_that_was_kept_elsewhere_shows_what_was_cut_off(copy: Copy, champion: Home) -> None:
    home = copy(champion)
    head = home.cli("ledger", "head").out.strip()
    seq, digest = head.split(":")
    assert home.cli("ledger", "head", "--json").json == {"seq": int(seq), "hash": digest}
    assert "The chain is sound" in home.cli("ledger", "verify", "--head", head).out
    with sqlite3.connect(home.path / "ledger.db") as database:
        database.execute("DROP TRIGGER records_refuse_delete")
        database.execute("DELETE FROM records WHERE seq = ?", (seq,))
    database.close()
    assert home.cli("ledger", "verify").code == 0
    told = home.cli("ledger", "verify", "--head", head, code=1).out
    assert f"record {seq}, whose hash was kept, is gone" in told
    assert (
        "is no head; give what 'leadscore ledger head' printed"
        in home.cli("ledger", "verify", "--head", "12", code=2).error
    )


def test_what_was_live_then_is_told_with_who_and_why(released: Home) -> None:
    found = released.cli("ledger", "live", "--json").json
    (now,) = found["live"]
    assert (now["champion"]["version"], now["champion"]["share"], now["until"]) == (2, 1.0, None)
    assert "takes the place of version 1" in now["champion"]["reason"]
    evidence = found["evidence"][now["champion"]["digest"]]
    assert (evidence["week"], evidence["verdict"]) == (f"{NEW}", "promote")
    assert len(evidence["data"]) == len(evidence["policy"]) == len(evidence["evaluation"]) == 64
    day = released.cli("ledger", "live", "--on", now["since"][:10], "--json").json["live"]
    assert [item["champion"]["version"] for item in day][-1] == 2
    before = released.cli("ledger", "live", "--on", day[-1]["since"], "--json").json["live"]
    assert [item["champion"]["version"] for item in before] == [2]
    out = released.cli("ledger", "live").out
    assert "100% of leads" in out
    assert now["champion"]["digest"] in out


def test_a_date_before_the_first_model_is_an_error_that_says_when_that_was(released: Home, home: Home) -> None:
    told = released.cli("ledger", "live", "--on", "2020-01-01", code=1).error
    assert "no model was live at 2020-01-01 00:00 UTC: the first, version 1, went live at" in told
    assert "never live" not in told
    assert "knows of no model that was ever live" in home.cli("ledger", "live", code=1).error


def test_a_broken_ledger_gives_no_answer(copy: Copy, champion: Home) -> None:
    home = copy(champion)
    with sqlite3.connect(home.path / "ledger.db") as database:
        database.execute("DROP TRIGGER records_refuse_update")
        database.execute("UPDATE records SET actor = 'eve' WHERE action = 'promoted'")
    database.close()
    assert "the ledger cannot answer: record" in home.cli("ledger", "live", code=1).error
    assert "the ledger cannot answer: record" in home.cli("ledger", "lead", LEAD, code=1).error


def test_a_lead_is_explained_on_the_terminal(copy: Copy, released: Home) -> None:
    home = copy(released)
    home.cli("score", str(home.data / f"{WEEKS[6]}.csv"), "--top", "1")
    assert "The lead was in no list by then" in home.cli("ledger", "lead", LEAD).out
    from leadscore_assets.steps.listing import score_week

    score_week(home.platform(), WEEKS[6])
    found = home.cli("ledger", "lead", LEAD, "--json").json
    assert (found["lead_id"], found["week"], found["model_version"]) == (LEAD, f"{WEEKS[6]}", 2)
    assert found["same_as_the_stored_list"] is found["same_as_the_ledgers_digest"] is True
    out = home.cli("ledger", "lead", LEAD, "--week", f"{WEEKS[6]}").out
    assert f"Score     {found['score']!r}, {found['band']}, rank {found['rank']} of 210" in out
    assert "the stored list: the same bits; the ledger's digest: the same bits" in out
    assert found["bundle"] in out
    assert "this site holds no lead 'nobody'" in home.cli("ledger", "lead", "nobody", code=1).error


def test_a_list_that_is_not_what_the_model_gives_ends_with_exit_code_1(copy: Copy, released: Home) -> None:
    import pyarrow.parquet as pq

    from leadscore_assets.steps.listing import list_path, score_week

    home = copy(released)
    platform = home.platform()
    score_week(platform, WEEKS[6])
    path = platform.lake.local_path(list_path(WEEKS[6]))
    table = pq.read_table(path, partitioning=None)
    pq.write_table(table.filter([key != LEAD for key in table["lead_id"].to_pylist()]), path)
    assert "the stored list: NOT the same" in home.cli("ledger", "lead", LEAD, code=1).out
