"""Notices by SNS: a message a notice, to everybody who subscribed to the topic."""

from pathlib import Path
from typing import Any

from leadscore_assets.backends.aws.account import Account
from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.notices import Notice

_SUBJECT_LENGTH = 99
_TEXT_BYTES = 200_000
_GROUP = "leadscore"


class SnsNotifier:
    """Publishes to a topic, by its ARN; a FIFO topic delivers a notice of the same key once in five minutes."""

    def __init__(self, account: Account, topic: str) -> None:
        self._account = account
        self._topic = topic

    def send(self, notice: Notice, *, page: Path | None = None) -> None:  # noqa: ARG002
        """Publish a notice; raise AwsUnavailable when a later try may succeed, AwsRefused when it cannot."""
        self._account.call("sns", "publish", **publish_request(notice, topic=self._topic))


def publish_request(notice: Notice, *, topic: str) -> dict[str, Any]:
    """Return the request that publishes a notice: the subject as SNS takes it, the whole text, kind and key beside."""
    text = f"{notice.subject}\n\n{notice.text}\n\n{notice.at:%Y-%m-%d %H:%M} UTC\n"
    shown = {"kind": notice.kind, "key": notice.key}
    request: dict[str, Any] = {
        "TopicArn": topic,
        "Subject": subject_of(notice.subject),
        "Message": text.encode()[:_TEXT_BYTES].decode(errors="ignore"),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in shown.items() if value
        },
    }
    if topic.endswith(".fifo"):
        request |= {"MessageGroupId": _GROUP, "MessageDeduplicationId": digest_of(notice.key)}
    return request


def subject_of(text: str) -> str:
    """Return a subject as SNS takes it: one line of printable ASCII below 100 characters, anything else as '?'."""
    line = " ".join(text.split()).encode("ascii", "replace").decode()
    plain = "".join(letter if letter.isprintable() else "?" for letter in line)
    return (plain if len(plain) <= _SUBJECT_LENGTH else f"{plain[: _SUBJECT_LENGTH - 3]}...") or "Lead scoring"
