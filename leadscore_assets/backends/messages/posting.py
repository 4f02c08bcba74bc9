"""Notices through apprise: Slack, Teams, webhooks and whatever else it knows; mail goes by this package's own hand."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from leadscore_assets.backends.messages.address import is_mail, opened
from leadscore_assets.backends.messages.mail import one_line, page_name, reference_of, send_mail
from leadscore_assets.domain.errors import TransientError
from leadscore_assets.domain.notices import Notice, NoticeKind

_LOUD: dict[NoticeKind, str] = {
    "rolled_back": "failure",
    "alarm": "failure",
    "run_failed": "failure",
    "gate_failed": "warning",
    "drift": "warning",
    "sensor_silent": "warning",
    "promoted": "success",
}


class AppriseNotifier:
    """Sends to one address, which is asked for at each notice: a secret that was changed holds at once."""

    def __init__(self, name: str, address: Callable[[], str]) -> None:
        self._name = name
        self._address = address

    def send(self, notice: Notice, *, page: Path | None = None) -> None:
        """Deliver a notice; raise TransientError where the service did not take it, InvalidInput for a bad address.

        A webhook is given the notice's key as `key` in its body and as the header Idempotency-Key; a mail has it as its
        Message-ID. The page goes to services that take files. What apprise says of a failure never holds the address.
        """
        service = opened(self._address(), name=self._name)
        if is_mail(service):
            send_mail(service, notice, name=self._name, page=page)
            return
        from apprise import NotifyType

        _mark(service, notice)
        with _overheard() as told:
            sent = service.notify(
                body=f"{notice.text}\n\n{notice.at:%Y-%m-%d %H:%M} UTC, notice {reference_of(notice)[:12]}",
                title=one_line(notice.subject),
                notify_type=NotifyType(_LOUD.get(notice.kind, "info")),
                attach=_attached(page) if page and service.attachment_support else None,
            )
        if not sent:
            words = one_line("; ".join(told)) or "no reason was given"
            raise TransientError(f"channel {self._name}: the service did not take the notice: {words}")

    def check(self) -> None:
        """Look at the address without sending; raise InvalidInput where it cannot be used."""
        opened(self._address(), name=self._name)


def _attached(page: Path) -> Any:
    from apprise import AppriseAttachment
    from apprise.attachment.file import AttachFile

    found = AppriseAttachment()
    found.add(AttachFile(f"{page}", name=page_name(page)))  # type: ignore[no-untyped-call]
    return found


def _mark(service: Any, notice: Notice) -> None:
    """Give a webhook the notice's key and kind; services with a format of their own show the key in the text."""
    extras, headers = getattr(service, "payload_extras", None), getattr(service, "headers", None)
    if isinstance(extras, dict):
        extras |= {"key": reference_of(notice), "kind": notice.kind}
    if isinstance(headers, dict):
        headers["Idempotency-Key"] = reference_of(notice)


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """Collect what apprise says of a failure: it returns no reasons."""
    told: list[str] = []

    class _Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.append(record.getMessage())

    ear, log = _Ear(logging.WARNING), logging.getLogger("apprise")
    log.addHandler(ear)
    try:
        yield told
    finally:
        log.removeHandler(ear)
