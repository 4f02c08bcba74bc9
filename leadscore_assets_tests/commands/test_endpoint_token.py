import stat

from leadscore_assets_tests.home import Home


def test_the_token_is_shown_again_and_replaced_when_asked_to(home: Home) -> None:
    first = home.cli("endpoint", "token").out.strip()
    assert home.cli("endpoint", "token").out.strip() == first
    second = home.cli("endpoint", "token", "--new").out.strip()
    assert second != first
    assert home.cli("endpoint", "token").out.strip() == second
    assert len(bytes.fromhex(second)) == 32
    assert stat.S_IMODE((home.path / "endpoint" / "token").stat().st_mode) == 0o600


def test_the_token_stands_in_no_status(home: Home) -> None:
    token = home.cli("endpoint", "token").out.strip()
    for command in (("endpoint", "status"), ("endpoint", "status", "--json"), ("status", "--json")):
        assert token not in home.cli(*command).out
