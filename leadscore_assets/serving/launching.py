"""What every process of a server does first: logging, its bond to the process that started it, its limits."""

import ctypes
import logging
import os
import resource
import signal
import sys

DRAIN_SECONDS = 20
_PR_SET_PDEATHSIG = 1
_FILES = 16_384


def log_to_stderr() -> None:
    """Log the package's messages to the standard error stream."""
    form = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(form)
    package = logging.getLogger("leadscore_assets")
    package.handlers = [handler]
    package.setLevel(logging.INFO)


def ended_with(starter: int, number: signal.Signals = signal.SIGTERM) -> None:
    """See to it that this process gets a signal when its starter ends, however that ends; Linux alone does it."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if orphaned(starter):
        os.kill(os.getpid(), number)


def orphaned(starter: int) -> bool:
    """Tell whether the starter has ended."""
    return os.getppid() != starter


def leave_out_sklearn() -> None:
    """Keep XGBoost from importing scikit-learn, which it does not need here: most of a process's time to start."""
    sys.modules.setdefault("sklearn", None)  # type: ignore[arg-type]


def raise_file_limit() -> None:
    """Allow as many open connections as the system lets this process have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
