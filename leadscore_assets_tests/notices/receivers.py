"""Real receivers of notices on loopback: an SMTP server with TLS and a webhook, which can go away and come back."""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller


def certificates(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Make an authority and a certificate of it for 127.0.0.1; return the authority's file and the server's context."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def builder(subject: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        found = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name("Test authority"))
        found = found.public_key(key.public_key()).serial_number(x509.random_serial_number())
        return found.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))

    authority, server = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = builder("Test authority", authority).add_extension(x509.BasicConstraints(ca=True, path_length=0), True)
    signed = root.sign(authority, hashes.SHA256())
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    leaf = builder("127.0.0.1", server).add_extension(names, False).sign(authority, hashes.SHA256())
    pem = serialization.Encoding.PEM
    secret = server.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "authority.pem").write_bytes(signed.public_bytes(pem))
    (folder / "server.pem").write_bytes(leaf.public_bytes(pem) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return folder / "authority.pem", context


@dataclass
class Mailbox:
    """What an SMTP server took: whole messages, and whether each came over TLS."""

    messages: list[EmailMessage] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    refusal: str = ""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.refusal:
            return self.refusal
        self.encrypted.append(session.ssl is not None)
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 taken"


@contextmanager
def smtp_server(box: Mailbox, port: int, context: ssl.SSLContext, *, tls: bool = True) -> Iterator[None]:
    """Run an SMTP server that takes mail after STARTTLS alone; without `tls` it offers none."""
    options: dict[str, Any] = {"tls_context": context, "require_starttls": True} if tls else {}
    controller = Controller(box, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield
    finally:
        controller.stop()


@dataclass
class Hook:
    """What a webhook took: bodies and headers; it answers with `status`."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    status: int = 200


@contextmanager
def webhook(hook: Hook, port: int) -> Iterator[None]:
    """Run a receiver of webhooks."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if hook.status == 200:
                hook.bodies.append(json.loads(body))
                hook.headers.append(dict(self.headers))
            self.send_response(hook.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
