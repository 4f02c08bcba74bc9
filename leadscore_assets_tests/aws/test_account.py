"""The account: one way in, strict requests, errors that say what to do."""

import sys
from collections.abc import Callable

import pytest
from botocore.stub import Stubber

from leadscore_assets.aws_account import open_account
from leadscore_assets.aws_settings import AwsSettings
from leadscore_assets.backends.aws.account import Account, default_region
from leadscore_assets.backends.aws.errors import AwsRefused, AwsUnavailable
from leadscore_assets.backends.aws.waiting import Patience, await_end
from leadscore_assets.domain.errors import InvalidInput, PermanentError, TransientError
from leadscore_assets_tests.aws.conftest import BUCKET, REGION
from leadscore_assets_tests.aws.strict import Inadmissible, strict_session

ROLE = "arn:aws:iam::123456789012:role/leadscore"


@pytest.mark.parametrize(
    "ask",
    [lambda account: account.call("s3", "list_buckets"), Account.credentials, lambda _: default_region()],
    ids=["call", "credentials", "region"],
)
def test_an_account_without_boto3_says_what_to_install_and_not_before_it_is_asked(
    monkeypatch: pytest.MonkeyPatch, ask: Callable[[Account], object]
) -> None:
    # None among the modules is how Python itself remembers that there is no such module.
    monkeypatch.setitem(sys.modules, "boto3", None)
    account = open_account(AwsSettings(region=REGION, bucket=BUCKET, role=ROLE))
    with pytest.raises(InvalidInput, match=r"run 'pip install leadscore-assets\[aws\]'"):
        ask(account)


def test_a_call_reaches_the_account(account: Account) -> None:
    account.call("s3", "put_object", Bucket=BUCKET, Key="a/b", Body=b"x")
    assert [item["Key"] for item in account.pages("s3", "list_objects_v2", "Contents", Bucket=BUCKET)] == ["a/b"]
    assert account.account_id() == "123456789012"
    with account.filesystem().open_input_file(f"{BUCKET}/a/b") as file:
        assert file.read() == b"x"


@pytest.mark.parametrize(
    ("operation", "request_", "told"),
    [
        ("describe_endpoint", {"EndpointName": "under_score"}, "does not match"),
        ("describe_endpoint", {"EndpointName": "x" * 64}, "more than 63"),
        ("list_endpoints", {"StatusEquals": "Sleeping"}, "is not one of"),
        ("list_endpoints", {"MaxResults": 101}, "more than 100"),
    ],
    ids=["pattern", "length", "enumeration", "maximum"],
)
def test_a_request_that_the_published_model_forbids_is_not_sent(
    account: Account, operation: str, request_: dict[str, object], told: str
) -> None:
    with pytest.raises(Inadmissible, match=told):
        account.call("sagemaker", operation, **request_)


@pytest.mark.parametrize(
    ("code", "status", "kind", "told"),
    [
        ("ThrottlingException", 400, TransientError, "try again"),
        ("InternalFailure", 500, TransientError, "try again"),
        ("ExpiredTokenException", 400, PermanentError, "have expired"),
        ("AccessDeniedException", 403, PermanentError, "give this identity the action"),
        ("ResourceLimitExceeded", 400, PermanentError, "higher quota"),
        ("ValidationException", 400, PermanentError, "ValidationException"),
    ],
)
def test_an_answer_of_aws_is_told_in_the_products_words(
    code: str, status: int, kind: type[Exception], told: str
) -> None:
    account = Account(region=REGION, session=strict_session(), attempts=1)
    with Stubber(account.client("sagemaker")) as stub:
        stub.add_client_error("describe_endpoint", code, "because", http_status_code=status)
        with pytest.raises(kind, match=told) as error:
            account.call("sagemaker", "describe_endpoint", EndpointName="leadscore")
    assert isinstance(error.value, AwsRefused | AwsUnavailable)
    assert error.value.code == code
    assert "sagemaker.describe_endpoint" in str(error.value)


def test_nobody_at_the_address_is_an_error_that_may_pass() -> None:
    account = Account(region=REGION, endpoint_url="http://127.0.0.1:9", session=strict_session(), attempts=1)
    with pytest.raises(AwsUnavailable, match="not reached"):
        account.account_id()


def test_a_wait_outlives_a_lost_connection_and_ends_at_its_deadline() -> None:
    looks = iter([AwsUnavailable("lost", code="x"), None, "done"])

    def look() -> str | None:
        seen = next(looks)
        if isinstance(seen, Exception):
            raise seen
        return seen

    assert await_end(look, what="it", patience=Patience(interval=0.001, deadline=5)) == "done"
    with pytest.raises(TransientError, match="it did not end"):
        await_end(lambda: None, what="it", patience=Patience(interval=0.001, deadline=0.01))


def test_a_wait_gives_up_after_many_looks_that_saw_nothing() -> None:
    asked = []

    def look() -> None:
        asked.append(1)
        raise AwsUnavailable("lost", code="x")

    with pytest.raises(AwsUnavailable, match="lost"):
        await_end(look, what="it", patience=Patience(interval=0.001, deadline=5, blind_looks=4))
    assert len(asked) == 4
