"""A PostgreSQL server for one test module: its own folder, its own port, gone at the end."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Yield the URL of a new server's database `postgres`; it listens on loopback and trusts everyone there."""
    user = _unprivileged()
    data = folder / "data"
    data.mkdir()
    if user:
        shutil.chown(data, user)
        for parent in (folder, *folder.parents):
            if parent.stat().st_uid == os.geteuid() and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
    make = ["initdb", "-D", data, "-U", "ada", "-A", "trust", "-N"]
    subprocess.run(make, check=True, user=user, cwd=data, stdout=subprocess.DEVNULL)
    port = _free_port()
    options = ["-h", "127.0.0.1", "-p", str(port), "-k", str(data), "-F"]
    server = subprocess.Popen(["postgres", "-D", data, *options], user=user, cwd=data, stderr=subprocess.DEVNULL)
    try:
        wait = ["pg_isready", "-h", "127.0.0.1", "-p", str(port), "-t", "30"]
        for _ in range(100):
            if subprocess.run(wait, check=False, stdout=subprocess.DEVNULL).returncode == 0:
                break
        yield f"postgresql+psycopg://ada@127.0.0.1:{port}/postgres"
    finally:
        # The fast way down: the usual one waits for clients that forgot to leave.
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


def _unprivileged() -> str | None:
    # PostgreSQL refuses to run as root.
    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
