"""Notices by mail: one message a notice over verified TLS, its Message-ID the same at every try."""

import mimetypes
import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from pathlib import Path
from typing import Any

from leadscore_assets.domain.digests import digest_of
from leadscore_assets.domain.errors import InvalidInput, TransientError
from leadscore_assets.domain.notices import Notice

SECONDS = 15
_SUBJECT = 200
# A subject that is folded at its first word arrives with a space before it.
_FORM = SMTP.clone(max_line_length=998)


def send_mail(service: Any, notice: Notice, *, name: str, page: Path | None = None) -> None:
    """Send a notice by the server of apprise's mail service; raise TransientError with the server's own words.

    Certificates and host names are verified, and a server that offers no STARTTLS where it is asked for is refused.
    """
    message = mail_of(notice, sender=service.from_addr, receiver=service.targets[0], page=page)
    try:
        with _connected(service) as server:
            if service.user and service.password:
                server.login(service.user, service.password)
            server.send_message(message)
    except smtplib.SMTPNotSupportedError as error:
        raise InvalidInput(f"channel {name}: {error}; use a mail server that offers it") from None
    except smtplib.SMTPAuthenticationError as error:
        raise InvalidInput(f"channel {name}: the mail server refused the login ({error.smtp_code})") from None
    except smtplib.SMTPResponseException as error:
        words = _text(error.smtp_error)
        raise TransientError(f"channel {name}: the mail server answered {error.smtp_code} {words}") from None
    except smtplib.SMTPRecipientsRefused as error:
        codes = ", ".join(f"{code} {_text(words)}" for code, words in error.recipients.values())
        raise TransientError(f"channel {name}: the mail server refused the receiver: {codes}") from None
    except (smtplib.SMTPException, OSError) as error:
        raise TransientError(f"channel {name}: the mail server was not reached: {error}") from None


def mail_of(notice: Notice, *, sender: Any, receiver: Any, page: Path | None = None) -> EmailMessage:
    """Return the message of a notice; whatever it holds, it adds no header of its own."""
    found = EmailMessage(policy=_FORM)
    found["From"] = formataddr((sender[0] or "", sender[1]))
    found["To"] = formataddr((receiver[0] or "", receiver[1]))
    found["Subject"] = one_line(notice.subject)[:_SUBJECT] or "Lead scoring"
    found["Date"] = format_datetime(notice.at)
    found["Message-ID"] = f"<{reference_of(notice)}@{sender[1].rpartition('@')[2]}>"
    found["X-Leadscore-Kind"] = notice.kind
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(f"{notice.text}\n\n{notice.at:%Y-%m-%d %H:%M} UTC\n")
    if page is not None:
        main, _, sub = (mimetypes.guess_type(page.name)[0] or "application/octet-stream").partition("/")
        found.add_attachment(page.read_bytes(), maintype=main, subtype=sub, filename=page_name(page))
    return found


def page_name(page: Path) -> str:
    """Return the name under which a page arrives: pages of many weeks lie side by side where they are kept."""
    value = page.parent.name.partition("=")[2]
    return f"{page.stem}-{value}{page.suffix}" if value else page.name


def reference_of(notice: Notice) -> str:
    """Return the key of a message as a header can hold it."""
    plain = notice.key.isascii() and notice.key.replace("-", "").isalnum() and len(notice.key) <= 64
    return notice.key if plain else digest_of(notice.key)[:40]


def one_line(text: str) -> str:
    """Return a text as one line of printable characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def _connected(service: Any) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if service.secure_mode == "ssl":
        return smtplib.SMTP_SSL(service.smtp_host, service.port, timeout=SECONDS, context=context)
    server = smtplib.SMTP(service.smtp_host, service.port, timeout=SECONDS)
    if service.secure_mode == "insecure":
        return server
    try:
        server.starttls(context=context)
    except BaseException:
        server.close()
        raise
    return server


def _text(words: bytes | str) -> str:
    return one_line(words.decode(errors="replace") if isinstance(words, bytes) else words)
