"""What an identity may not look at is told apart from what is wrong."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.checkup import check_account
from leadscore_assets.backends.aws.checkup_roles import identity
from leadscore_assets_tests.aws.checkup.looked_at import Site

# moto's CloudFormation makes neither bucket policies nor subscriptions.
pytestmark = [pytest.mark.filterwarnings("ignore:Tried to parse"), pytest.mark.xdist_group("checkup")]


@contextmanager
def _forbidden(account: Account, service: str, operation: str = "*") -> Iterator[None]:
    """Answer a service's calls as AWS does to somebody who may not make them."""
    events = account.client(service).meta.events
    events.register_first(f"before-send.{service}.{operation}", _forbid)
    try:
        yield
    finally:
        events.unregister(f"before-send.{service}.{operation}", _forbid)


@pytest.mark.parametrize(
    ("service", "check"),
    [("service-quotas", "quotas"), ("ecr", "serving image"), ("sns", "topic"), ("sagemaker", "endpoint")],
)
def test_what_may_not_be_looked_at_is_told_apart_from_what_is_wrong(built: Site, service: str, check: str) -> None:
    with _forbidden(built.regular, service):
        found = built.look()
    assert found[check].passed is None
    assert "CheckupPolicy" in found[check].remedy
    assert found["bucket"].passed is True


def test_an_identity_without_the_right_to_simulate_is_told(built: Site) -> None:
    with _forbidden(built.regular, "iam", "SimulatePrincipalPolicy"):
        found = built.look()
    assert (found["role"].passed, found["own rights"].passed) == (True, None)


def test_a_bucket_that_may_not_be_looked_at_is_taken_for_somebody_elses(built: Site) -> None:
    with _forbidden(built.regular, "s3"):
        found = built.look()
    assert found["bucket"].passed is False
    assert "of another account" in found["bucket"].found
    assert "bucket versions" not in found


def _forbid(request: Any, **_: Any) -> AWSResponse:
    code = "AccessDeniedException"
    text = f"<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    if "json" in f"{request.headers.get('Content-Type')}":
        text = json.dumps({"__type": code, "message": "no"})

    class Raw:
        def stream(self, **_: Any) -> list[bytes]:
            return [text.encode()]

    return AWSResponse(request.url, 403, {}, Raw())


def test_without_credentials_nothing_else_is_asked_and_a_wrong_region_is_told(
    monkeypatch: pytest.MonkeyPatch, built: Site
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    account = Account(region="us-east-9", endpoint_url=built.account.endpoint_url, session=boto3.Session(), attempts=1)
    found = check_account(account, built.wanted)
    assert [(item.check, item.passed) for item in found] == [
        ("packages", True),
        ("region", False),
        ("credentials", False),
    ]
    assert "aws configure" in found[-1].remedy


@pytest.mark.parametrize(
    ("arn", "who"),
    [
        ("arn:aws:sts::1:assumed-role/Run/session", "arn:aws:iam::1:role/Run"),
        ("arn:aws:iam::1:user/ada", "arn:aws:iam::1:user/ada"),
        ("arn:aws:iam::1:root", None),
    ],
)
def test_whom_iam_can_simulate(arn: str, who: str | None) -> None:
    assert identity(arn) == who
