"""What this process took of its machine so far."""

import resource
from pathlib import Path

_STATUS = Path("/proc/self/status")
_PEAK = "VmHWM:"


def own_usage() -> dict[str, float]:
    """Return processor seconds of this process and its peak memory in megabytes."""
    taken = resource.getrusage(resource.RUSAGE_SELF)
    kilobytes = _peak_kilobytes() or float(taken.ru_maxrss)
    seconds = taken.ru_utime + taken.ru_stime
    return {"cpu_seconds": round(seconds, 3), "peak_megabytes": round(kilobytes / 1024, 1)}


def _peak_kilobytes() -> float | None:
    """The kernel's own figure, where there is one: getrusage's still counts what the process was forked from."""
    if not _STATUS.is_file():
        return None
    lines = [line for line in _STATUS.read_text().splitlines() if line.startswith(_PEAK)]
    return float(lines[0].split()[1]) if lines else None
