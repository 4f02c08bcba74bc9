"""Locks between machines: who holds, who waits, who takes over, and who finds out that he was too late."""

import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.s3_lake import S3Lake
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.backends.aws.waiting import Patience, await_end
from leadscore_assets.domain.errors import CorruptArtefact, TransientError
from leadscore_assets_tests.aws.conftest import BUCKET, REGION
from leadscore_assets_tests.aws.emulator import Emulator

KEY = "lake/.locks/release.json"
_OTHER = b'{"holder": "process 1 of elsewhere", "token": "x", "seconds": 3600, "free": false}'
_HOLDER = """
import sys
from pathlib import Path
from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.s3_lake import S3Lake
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets.domain.errors import TransientError
url, region, bucket, cache = sys.argv[1:]
lake = S3Lake(S3Store(Account(region=region, endpoint_url=url), bucket, "site"), Path(cache), lease_seconds=1.0)
try:
    with lake.lock("release"):
        print("held", flush=True)
        sys.stdin.readline()
except TransientError as error:
    print(error, flush=True)
"""


@pytest.fixture
def lake(store: S3Store, tmp_path: Path) -> Callable[..., S3Lake]:
    """A lake of this machine: how long it waits for a lock and how long its leases last, in seconds."""

    def made(deadline: float = 0.05, *, lease: float = 3600.0) -> S3Lake:
        patience = Patience(interval=0.05, deadline=deadline)
        return S3Lake(store, tmp_path / "cache", patience=patience, lease_seconds=lease)

    return made


@pytest.fixture
def holder(emulator: Emulator, account: Account, tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lock `release` on a short lease until it is written a line."""
    command = [sys.executable, "-c", _HOLDER, emulator.url, REGION, BUCKET, str(tmp_path / "holder")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_who_waits_in_vain_is_told_who_holds_the_lock(
    lake: Callable[..., S3Lake], holder: "subprocess.Popen[str]"
) -> None:
    told = rf"lock release was taken for 0\.05 s by process {holder.pid} of .* \(s3://.*/release\.json\); another run"

    with pytest.raises(TransientError, match=told), lake().lock("release"):
        pass


def test_the_lease_of_a_killed_holder_is_taken_over_once_it_has_expired(
    lake: Callable[..., S3Lake], holder: "subprocess.Popen[str]"
) -> None:
    holder.kill()

    with lake(deadline=30).lock("release"):
        assert holder.wait(timeout=30) == -9


def test_a_holder_that_was_stopped_for_too_long_finds_out_when_it_goes_on(
    lake: Callable[..., S3Lake], holder: "subprocess.Popen[str]"
) -> None:
    holder.send_signal(signal.SIGSTOP)
    with lake(deadline=30).lock("release"):
        holder.send_signal(signal.SIGCONT)
        told, _ = holder.communicate("\n", timeout=30)

    assert "lock release was lost while it was held" in told
    assert holder.returncode == 0


def test_a_holder_that_renews_keeps_its_lease_for_longer_than_it_lasts(lake: Callable[..., S3Lake]) -> None:
    told = "lock release was taken for 4 s"
    with lake(lease=1.0).lock("release"), pytest.raises(TransientError, match=told), lake(4).lock("release"):
        pass
    with lake().lock("release"):
        pass


def test_a_lock_is_free_at_once_after_its_holder_and_after_its_error(
    lake: Callable[..., S3Lake], store: S3Store
) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), lake().lock("release"):
            raise ZeroDivisionError
    with lake().lock("release"):
        found = store.get(KEY)

    assert found is not None
    assert b'"free": false' in found.content


def test_a_loss_is_an_error_though_the_work_went_well(lake: Callable[..., S3Lake], store: S3Store) -> None:
    told = r"lock release was lost while it was held.*; look whether two runs"
    with pytest.raises(TransientError, match=told), lake().lock("release"):
        store.put(KEY, _OTHER)

    found = store.get(KEY)
    assert found is not None
    assert found.content == _OTHER


def test_a_loss_is_a_note_on_the_error_that_the_work_ended_with(lake: Callable[..., S3Lake], store: S3Store) -> None:
    def fail() -> None:
        store.put(KEY, _OTHER)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as error, lake().lock("release"):
        fail()

    assert "lock release was lost while it was held" in error.value.__notes__[0]


def test_a_loss_is_logged_as_soon_as_the_lease_cannot_be_renewed(
    lake: Callable[..., S3Lake], store: S3Store, caplog: pytest.LogCaptureFixture
) -> None:
    def look() -> bool | None:
        return "was lost" in caplog.text or None

    def lose() -> None:
        store.put(KEY, _OTHER)
        await_end(look, what="the log", patience=Patience(interval=0.02, deadline=20))

    with caplog.at_level(logging.WARNING), pytest.raises(TransientError, match="was lost"):  # noqa: SIM117
        with lake(lease=0.3).lock("release"):
            lose()


def test_a_lease_whose_answer_was_lost_on_its_way_is_held_all_the_same(
    lake: Callable[..., S3Lake], account: Account, calls: list[tuple[str, Any]]
) -> None:
    lose_an_answer(account)

    with lake(deadline=5).lock("release"):
        assert [name for name, _ in calls] == ["GetObject", "PutObject", "GetObject"]


def test_a_renewal_whose_answer_was_lost_on_its_way_counts(
    lake: Callable[..., S3Lake], account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    def look() -> bool | None:
        return "lock release could not be renewed" in caplog.text or None

    with lake(lease=3.0).lock("release"):
        lose_an_answer(account)
        await_end(look, what="the loss", patience=Patience(interval=0.02, deadline=20))

    with lake().lock("release"):
        assert "was lost" not in caplog.text


def test_a_lease_that_cannot_be_given_back_is_an_error_that_may_pass(
    lake: Callable[..., S3Lake], account: Account
) -> None:
    with pytest.raises(TransientError, match="was not reached"), lake().lock("release"):
        lose_an_answer(account)


def lose_an_answer(account: Account) -> None:
    """Let the next write reach S3, and its answer not reach us."""
    events = account.client("s3").meta.events

    def lose(**_: Any) -> None:
        events.unregister("after-call.s3.PutObject", lose)
        raise EndpointConnectionError(endpoint_url="s3")

    events.register("after-call.s3.PutObject", lose)


def test_what_is_no_lease_is_told_and_left_alone(lake: Callable[..., S3Lake], store: S3Store) -> None:
    store.put(KEY, b"{")

    with pytest.raises(CorruptArtefact, match=r"release\.json is no lease .*; delete it"), lake().lock("release"):
        pass
