"""`leadscore doctor --aws`: what a person reads, what a machine reads, and the exit code."""

from pathlib import Path

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.home_files import write_home
from leadscore_assets_tests.aws.conftest import BUCKET, REGION, account, emulator, server
from leadscore_assets_tests.home import CONTRACT, Told, run_cli

__all__ = ["account", "emulator", "server"]
_ROLE = "arn:aws:iam::123456789012:role/jobs"


def _home(path: Path, account: Account, **more: str) -> Path:
    aws = {"region": REGION, "bucket": BUCKET, "role": _ROLE, "endpoint_url": f"{account.endpoint_url}", **more}
    write_home(path, settings={"start_week": "2025-01-06", "aws": aws}, contract=CONTRACT, policy={})
    return path


def _doctor(home: Path, *words: str) -> Told:
    return run_cli("--home", f"{home}", "doctor", "--aws", *words)


def test_each_thing_that_is_missing_is_named_with_its_remedy_and_ends_with_exit_code_1(
    tmp_path: Path, account: Account
) -> None:
    told = _doctor(_home(tmp_path / "home", account))
    assert told.code == 1
    assert "ok   credentials: arn:aws:sts::123456789012:user/moto" in told.out
    assert f"ok   bucket: {BUCKET} lies in {REGION}" in told.out
    assert f"MEND role: {_ROLE} does not exist" in told.out
    assert "MEND topic: none is named" in told.out
    assert "?    own rights: could not be looked at" in told.out


def test_a_machine_reads_the_same_as_json(tmp_path: Path, account: Account) -> None:
    found = {item["check"]: item for item in _doctor(_home(tmp_path / "home", account), "--json").json}
    assert found["bucket"]["passed"] is True
    assert (found["serving image"]["passed"], bool(found["serving image"]["remedy"])) == (False, True)
    assert found["own rights"]["passed"] is None


def test_an_account_of_somebody_else_is_found_before_anything_is_asked_of_it(tmp_path: Path, account: Account) -> None:
    found = _doctor(_home(tmp_path / "home", account, owner="999999999999"), "--json").json
    assert [item["check"] for item in found] == ["packages", "region", "credentials"]


def test_a_home_without_an_account_is_told_what_to_write(tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_home(home, settings={"start_week": "2025-01-06"}, contract=CONTRACT, policy={})
    told = _doctor(home)
    assert told.code == 1
    assert "no [aws] section" in told.error


@pytest.mark.parametrize("words", [("doctor", "--help"), ("cost", "--help")])
def test_the_help_says_that_nothing_is_changed_or_asked(words: tuple[str, ...]) -> None:
    out = " ".join(run_cli(*words).out.split())
    assert "changes nothing" in out or "asks AWS nothing" in out
