"""An address to send to, as apprise writes it (mailtos://, slack://, jsons://): read, and refused where it is unsafe.

Refused are certificates that are not verified, plain text to another machine, and several receivers at one address: one
that fails would have all the others told twice. No message quotes the address, which may hold a password.
"""

import ipaddress
from typing import Any

from leadscore_assets.domain.errors import InvalidInput

INSTALL = "notices by mail or chat need apprise; install it with: pip install apprise"


def opened(url: str, *, name: str) -> Any:
    """Return apprise's service of an address; raise InvalidInput, naming the channel, for one that cannot be used."""
    try:
        import apprise
    except ModuleNotFoundError:
        raise InvalidInput(INSTALL) from None
    service = apprise.Apprise.instantiate(url)
    if service is None:
        raise InvalidInput(
            f"channel {name} holds no address that apprise knows; write one such as mailtos://, slack:// or jsons://"
        )
    refusal = _refusal(service, url.partition("://")[0].strip().lower())
    if refusal:
        raise InvalidInput(f"channel {name}: {refusal}")
    return service


def is_mail(service: Any) -> bool:
    """Tell whether a service is SMTP, whose messages are built here."""
    from apprise.plugins.email.base import NotifyEmail

    return type(service) is NotifyEmail


def _refusal(service: Any, scheme: str) -> str:
    if not service.verify_certificate:
        return "its address says verify=no; take that out, and name a private authority by SSL_CERT_FILE"
    if is_mail(service):
        host, plain = service.smtp_host, service.secure_mode == "insecure"
        receivers = len(service.targets) + len(service.cc) + len(service.bcc)
    else:
        protocols = service.protocol if isinstance(service.protocol, tuple | list) else (service.protocol,)
        host, plain, receivers = service.host, scheme in protocols, len(service)
    if plain and not _on_this_machine(host):
        return f"its address {scheme}:// sends in plain text; use the secure form, such as mailtos:// or jsons://"
    if receivers != 1:
        return f"its address names {receivers} receivers; give each a channel of its own, or use a mailing list"
    return ""


def _on_this_machine(host: object) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(str(host).strip("[]")).is_loopback
    except ValueError:
        return False
