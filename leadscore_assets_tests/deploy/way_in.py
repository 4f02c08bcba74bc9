"""Caddy with a shipped file on free ports of this machine, before servers that answer with what they were asked."""

import os
import re
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from leadscore_assets_tests.home import free_port

CADDY = shutil.which("caddy")
USER, PASSWORD = "ada", "open sesame"
_RENAMED = (2, 8)


@dataclass(frozen=True)
class WayIn:
    """The addresses of the proxy's two sides."""

    ui: str
    scoring: str


@cache
def hashed() -> str:
    """Return the hash of the password as `caddy hash-password` prints it."""
    done = subprocess.run([f"{CADDY}", "hash-password", "--plaintext", PASSWORD], capture_output=True, check=True)
    return done.stdout.decode().strip()


@contextmanager
def echo(name: str) -> Iterator[int]:
    """Run a server that answers with its name, the path, and the authorization that it was shown; yield its port."""

    class Echo(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"{name} {self.path} {self.headers.get('authorization')}".encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def machine(file: Path, folder: Path, *, ui: int, scoring: int) -> Iterator[WayIn]:
    """Run the machine's Caddyfile, which is told names and users by its environment."""
    found = WayIn(*(f"http://127.0.0.1:{free_port()}" for _ in range(2)))
    given = {"LEADSCORE_UI_SITE": found.ui, "LEADSCORE_SCORING_SITE": found.scoring}
    for side in ("UI", "SCORING"):
        given |= {f"LEADSCORE_{side}_USER": USER, f"LEADSCORE_{side}_HASH": hashed()}
    text = file.read_text().replace("/var/log/caddy", f"{folder}")
    text = text.replace("127.0.0.1:3000", f"127.0.0.1:{ui}").replace("127.0.0.1:8321", f"127.0.0.1:{scoring}")
    with _caddy(text, folder, given):
        yield found


@contextmanager
def containers(file: Path, folder: Path, *, ui: int, scoring: int) -> Iterator[WayIn]:
    """Run the containers' Caddyfile, which reads users from files; an older Caddy knows `basic_auth` as `basicauth`."""
    found = WayIn(*(f"http://127.0.0.1:{free_port()}" for _ in range(2)))
    text = file.read_text()
    for side in ("ui_users", "scoring_users"):
        (folder / side).write_text(f"{USER} {hashed()}\n")
        text = text.replace(f"/run/secrets/{side}", f"{folder / side}")
    for shipped, here in {":8080 {": f"{found.ui} {{", ":8081 {": f"{found.scoring} {{"}.items():
        assert text.count(f"\n{shipped}") == 1
        text = text.replace(f"\n{shipped}", f"\n{here}")
    text = text.replace("webserver:3000", f"127.0.0.1:{ui}").replace("code:8322", f"127.0.0.1:{scoring}")
    if _version() < _RENAMED:
        text = text.replace("basic_auth", "basicauth")
    with _caddy(text, folder, {}):
        yield found


def asked(address: str, password: str | None = None) -> tuple[int, str]:
    """Ask an address, with a password where one is given; return status and body."""
    request = urllib.request.Request(address)
    if password:
        request.add_header("authorization", f"Basic {b64encode(f'{USER}:{password}'.encode()).decode()}")
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@contextmanager
def _caddy(text: str, folder: Path, given: dict[str, str]) -> Iterator[None]:
    (folder / "Caddyfile").write_text(text)
    program = [f"{CADDY}", "run", "--config", f"{folder / 'Caddyfile'}", "--adapter", "caddyfile"]
    with (folder / "caddy.err").open("wb") as said:
        place = {**os.environ, **given, "HOME": f"{folder}"}
        with subprocess.Popen(program, env=place, stderr=said, stdout=said) as caddy:
            try:
                _await_sites(re.findall(r"^(http://127\S+|\{\$LEADSCORE_\w+_SITE\}) \{", text, re.MULTILINE), given)
                yield
            finally:
                caddy.terminate()


def _await_sites(sites: list[str], given: dict[str, str]) -> None:
    pause = threading.Event()
    for site in sites:
        address = given.get(site.strip("{$}"), site)
        for _ in range(200):
            try:
                asked(address)
                break
            except urllib.error.URLError:
                pause.wait(0.1)


def _version() -> tuple[int, ...]:
    told = subprocess.run([f"{CADDY}", "version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in re.findall(r"\d+", told)[:2])
