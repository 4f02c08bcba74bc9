"""Captures in S3: the contract of every platform's captures, the deployment's secret, and what is listed."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.captures import S3Captures
from leadscore_assets.backends.aws.s3_store import S3Store
from leadscore_assets_tests.aws.conftest import BUCKET
from leadscore_assets_tests.backends.captured_traffic import Answer, Request, files
from leadscore_assets_tests.backends.test_captures import DAY, NOON, CapturesContract, Keep, Write, rows


class _Raw(S3Captures):
    """SageMaker's captures: it keeps requests as they came."""

    def masked_as_kept(self, key: str) -> str:
        return key


class TestS3Captures(CapturesContract):
    @pytest.fixture
    def captures(self, account: Account) -> S3Captures:
        return _Raw(S3Store(account, BUCKET, "team"), endpoint="leadscore")

    @pytest.fixture
    def write(self, account: Account) -> Write:
        def one(name: str, content: bytes) -> None:
            key = f"team/capture/leadscore/{name}".replace("leadscore/../", "")
            account.call("s3", "put_object", Bucket=BUCKET, Key=key, Body=content)

        return one

    @pytest.fixture
    def keep(self, write: Write) -> Keep:
        def all_(requests: Sequence[Request]) -> None:
            for name, content in files(requests, lambda key: key).items():
                write(name, content)

        return all_

    def test_the_secret_is_the_deployments_and_a_key_hides_the_same_way_everywhere(
        self, captures: S3Captures, account: Account
    ) -> None:
        other = S3Captures(S3Store(account, BUCKET, "team"), endpoint="leadscore")
        assert captures.masked("7") == other.masked("7") == other.masked("7.0")
        elsewhere = S3Captures(S3Store(account, BUCKET, "another"), endpoint="leadscore")
        assert captures.masked("7") != elsewhere.masked("7")

    def test_only_the_days_asked_for_are_listed(
        self, captures: S3Captures, keep: Keep, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keep([Request(NOON + timedelta(days=number), [Answer("a")]) for number in range(12)])
        asked: list[str] = []
        pages = account.pages

        def noted(service: str, operation: str, key: str, /, **request: Any) -> Any:
            asked.append(request["Prefix"].removeprefix("team/capture/leadscore/"))
            return pages(service, operation, key, **request)

        monkeypatch.setattr(account, "pages", noted)
        midnight = NOON.replace(hour=0, minute=0, second=0, microsecond=0)
        assert len(rows(captures, midnight, midnight + 2 * DAY)) == 2
        assert asked == ["", "primary/2026/01/05/", "primary/2026/01/06/", "primary/2026/01/07/00/"]
