"""What a process and its children take of this machine."""

import psutil

from leadscore_assets.domain.live_facts import Usage

_MEGABYTE = 1 << 20


def usage_of(pid: int | None) -> Usage | None:
    """Return what a process and all below it take; None where there is no such process on this machine."""
    if pid is None:
        return None
    try:
        root = psutil.Process(pid)
        found = [root, *root.children(recursive=True)]
    except psutil.Error:
        return None
    seconds, size, count = 0.0, 0, 0
    for process in found:
        try:
            times, memory = process.cpu_times(), process.memory_info()
        except psutil.Error:
            continue
        seconds, size, count = seconds + times.user + times.system, size + memory.rss, count + 1
    return Usage(round(seconds, 3), round(size / _MEGABYTE, 1), count)
