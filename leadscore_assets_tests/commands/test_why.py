"""`leadscore why`, and a retraining that asks before it trains."""

from collections.abc import Callable

from leadscore_assets_tests.home import OLD, Home


def test_why_tells_every_reason_of_the_last_answers(copy: Callable[[Home], Home], champion: Home) -> None:
    home = copy(champion)
    [first] = home.cli("why", "--json").json
    assert (first["asker"], first["decision"], first["week"]) == ("forced", "retrain", f"{OLD}")
    told = home.cli("retrain", "--week", f"{OLD}", "--if-new").out
    assert "Not retrained: No row has matured" in told
    text = home.cli("why", "--limit", "1").out
    assert "asked by manual: SKIP" in text
    assert "- No row has matured" in text


def test_why_now_asks_and_records_nothing(copy: Callable[[Home], Home], ingested: Home) -> None:
    home = copy(ingested)
    assert "Nobody has asked yet" in home.cli("why").out
    [found] = home.cli("why", "--now", "--json").json
    assert found["reasons"]
    assert home.cli("why", "--json").json == []
