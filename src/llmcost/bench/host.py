"""What the host is: processors, memory and caches that this process may use. Only read."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

SYSTEM = Path("/sys/devices/system")
CGROUP = Path("/sys/fs/cgroup")
SIZES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
# A limit this large is how old kernels write that there is none.
NO_LIMIT = 1 << 60
USUAL_CACHE = 32 << 20
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def host_facts(threads: int) -> dict[str, Any]:
    """Return what a file says of the host: system, processor, memory [byte], versions, load."""
    return {
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "processor": processor_name(),
        "cores": processors(),
        "threads": threads,
        "memory_bytes": memory_bytes(),
        "memory_available_bytes": available_bytes(),
        "cache_bytes": cache_bytes(),
        "numa_nodes": _numa_nodes(),
        "load_average": load_average(),
        "python": platform.python_version(),
        "numpy": package_version("numpy"),
        "blas": _blas(),
        "torch": package_version("torch"),
    }


def package_version(name: str) -> str | None:
    """Return the version of an installed package, or nothing."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def processors() -> int:
    """Return how many logical processors this process may run on, quotas of containers heeded."""
    allowed = getattr(os, "sched_getaffinity", None)
    count = len(allowed(0)) if allowed is not None else os.cpu_count() or 1
    quota = _quota()
    return max(1, min(count, int(quota) if quota else count))


def cores() -> int:
    """Return how many physical cores this process may run on; threads of one share its units."""
    allowed = getattr(os, "sched_getaffinity", None)
    if allowed is None:
        return processors()
    siblings = {
        _text(SYSTEM / f"cpu/cpu{one}/topology/thread_siblings_list") or str(one)
        for one in allowed(0)
    }
    return max(1, min(len(siblings), processors()))


def thread_variables(threads: int) -> dict[str, str]:
    """Return the environment that gives every numeric library this many threads."""
    return dict.fromkeys(THREAD_VARIABLES, str(threads))


def processor_name() -> str:
    """Return the name of the processor."""
    found = re.search(r"^model name\s*:\s*(.+)$", _text(Path("/proc/cpuinfo")), re.MULTILINE)
    return found[1].strip() if found else platform.processor() or platform.machine()


def memory_bytes() -> int | None:
    """Return the memory of the host or of its container [byte], where the system tells."""
    total = _meminfo("MemTotal")
    if total is None and hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _memory_limit()
    return min(one for one in (total, limit) if one) if total or limit else None


def available_bytes() -> int | None:
    """Return the memory that can still be had [byte], where the system tells."""
    free, limit = _meminfo("MemAvailable"), _memory_limit()
    used = _number(CGROUP / "memory.current") or _number(CGROUP / "memory/memory.usage_in_bytes")
    left = max(0, limit - used) if limit and used is not None else limit
    known = [one for one in (free, left) if one is not None]
    return min(known) if known else None


def limit_memory(share: float) -> None:
    """Let this process take at most a share of the memory that can still be had.

    What asks for more is refused, and nothing else on the host is short of memory. Does nothing
    where the system has no such limits.
    """
    free, used = available_bytes(), _data_bytes()
    if free is None or used is None:
        return
    import resource

    most = int(used + share * free)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def cache_bytes() -> int:
    """Return the size of the last level of cache [byte]; 32 MiB where the system does not tell."""
    sizes = [_size(_text(path)) for path in (SYSTEM / "cpu/cpu0/cache").glob("index*/size")]
    return max(sizes, default=0) or USUAL_CACHE


def load_average() -> float | None:
    """Return the load of the last minute, where the system tells."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return None


def _size(text: str) -> int:
    found = re.fullmatch(r"(\d+)([KMG]?)", text.strip())
    return int(found[1]) * SIZES.get(found[2], 1) if found else 0


def _meminfo(name: str) -> int | None:
    found = re.search(rf"^{name}:\s*(\d+) kB", _text(Path("/proc/meminfo")), re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _data_bytes() -> int | None:
    """Return how much memory of its own this process has asked for [byte], on Linux."""
    text = _text(Path("/proc/self/status"))
    found = re.search(r"^VmData:\s*(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _memory_limit() -> int | None:
    limit = _number(CGROUP / "memory.max") or _number(CGROUP / "memory/memory.limit_in_bytes")
    return limit if limit and limit < NO_LIMIT else None


def _quota() -> float | None:
    """Return how many processors a container may use, as its quota says."""
    words = _text(CGROUP / "cpu.max").split()
    if not words:
        quota = _number(CGROUP / "cpu/cpu.cfs_quota_us")
        period = _number(CGROUP / "cpu/cpu.cfs_period_us")
        return quota / period if quota and period else None
    return int(words[0]) / int(words[1]) if words[0].isdigit() else None


def _numa_nodes() -> int | None:
    return len(list((SYSTEM / "node").glob("node[0-9]*"))) or None


def _blas() -> str | None:
    import numpy as np

    try:
        config: Any = np.show_config(mode="dicts")
        found = config["Build Dependencies"]["blas"]
    except (TypeError, KeyError):
        return None
    return " ".join(str(found[key]) for key in ("name", "version") if found.get(key))


def _number(path: Path) -> int | None:
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
