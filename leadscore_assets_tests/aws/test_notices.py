"""Notices by SNS and in the log."""

import json
import logging
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import pytest
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.backends.aws.errors import AwsRefused, AwsUnavailable
from leadscore_assets.backends.aws.notices import SnsNotifier, publish_request, subject_of
from leadscore_assets.backends.local.notices import LogNotifier
from leadscore_assets.domain.notices import Notice
from leadscore_assets_tests.aws import rules_registry
from leadscore_assets_tests.aws.strict import problems

AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
NOTICE = Notice("alarm", "The release needs a look (canary)", "The endpoint did not follow, 3 times.", AT, "alarm:1")


def read(account: Account, queue: str) -> list[dict[str, Any]]:
    answer = account.call("sqs", "receive_message", QueueUrl=queue, MaxNumberOfMessages=10)
    return [json.loads(item["Body"]) for item in answer.get("Messages", [])]


@pytest.mark.parametrize("fifo", [False, True], ids=["standard", "fifo"])
def test_a_notice_reaches_who_subscribed(account: Account, fifo: bool) -> None:
    attributes = {"Attributes": {"FifoTopic": "true"}} if fifo else {}
    queued = {"Attributes": {"FifoQueue": "true"}} if fifo else {}
    end = ".fifo" if fifo else ""
    topic = account.call("sns", "create_topic", Name=f"news{end}", **attributes)["TopicArn"]
    queue = account.call("sqs", "create_queue", QueueName=f"news{end}", **queued)["QueueUrl"]
    name = f"arn:aws:sqs:us-east-1:123456789012:news{end}"
    account.call("sns", "subscribe", TopicArn=topic, Protocol="sqs", Endpoint=name)

    SnsNotifier(account, topic).send(NOTICE)

    [message] = read(account, queue)
    assert message["Subject"] == NOTICE.subject
    assert message["Message"] == f"{NOTICE.subject}\n\n{NOTICE.text}\n\n2026-01-05 12:00 UTC\n"
    shown = {name: item["Value"] for name, item in message["MessageAttributes"].items()}
    assert shown == {"kind": "alarm", "key": "alarm:1"}


def test_a_topic_that_is_not_there_or_busy_is_told_in_the_products_words(account: Account) -> None:
    notifier = SnsNotifier(account, "arn:aws:sns:us-east-1:123456789012:nobody")
    with pytest.raises(AwsRefused, match=r"sns\.publish"):
        notifier.send(NOTICE)
    with Stubber(account.client("sns")) as stub:
        stub.add_client_error("publish", "Throttling", "slow down", http_status_code=400)
        with pytest.raises(AwsUnavailable, match="try again"):
            notifier.send(NOTICE)


@given(subject=st.text(max_size=300), text=st.text(max_size=50), key=st.text(max_size=50))
def test_whatever_a_notice_says_its_request_is_admissible(subject: str, text: str, key: str) -> None:
    assert rules_registry
    model = _publish()
    for topic in ("arn:aws:sns:us-east-1:123456789012:news", "arn:aws:sns:us-east-1:123456789012:news.fifo"):
        request = publish_request(Notice("drift", subject, text, AT, key), topic=topic)
        assert problems(model, request) == []
        assert len(request["Message"].encode("utf-8", "ignore")) <= 256_000


def test_a_long_subject_is_shortened_and_a_long_text_cut() -> None:
    assert subject_of("x" * 200) == "x" * 96 + "..."
    assert subject_of(" größer\n\tals\x00 ") == "gr??er als?"
    assert subject_of("\n") == "Lead scoring"
    request = publish_request(Notice("alarm", "s", "ö" * 300_000, AT, "k"), topic="t")
    assert len(request["Message"].encode()) <= 200_000


def test_the_log_gets_one_line(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "leadscore_assets.notices"):
        LogNotifier().send(Notice("alarm", "two\nlines", "and\r\nmore", AT, "k"))
    [record] = caplog.records
    assert record.getMessage() == "alarm (2026-01-05 12:00 UTC): two lines: and more"


@lru_cache(1)
def _publish() -> Any:
    import botocore.session

    return botocore.session.get_session().get_service_model("sns").operation_model("Publish")
