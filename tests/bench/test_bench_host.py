"""What the host says of itself, as Linux and its containers write it."""

import subprocess
import sys

import pytest

from llmcost.bench import host


@pytest.fixture
def system(tmp_path, monkeypatch):
    """A system of files of one's own; nothing is in it."""
    monkeypatch.setattr(host, "SYSTEM", tmp_path / "devices")
    monkeypatch.setattr(host, "CGROUP", tmp_path / "cgroup")
    monkeypatch.setattr(host.os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)

    def write(path, text):
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)

    return write


@pytest.mark.parametrize(
    ("path", "text", "processors"),
    [
        pytest.param("cgroup/cpu.max", "max 100000\n", 4, id="no quota"),
        pytest.param("cgroup/cpu.max", "250000 100000\n", 2, id="two and a half, of which two"),
        pytest.param("cgroup/cpu.max", "50000 100000\n", 1, id="never less than one"),
        pytest.param("cgroup/cpu.max", "900000 100000\n", 4, id="more than there are"),
    ],
)
def test_processors_are_those_of_the_container(system, path, text, processors):
    system(path, text)

    assert host.processors() == processors


def test_the_quota_of_older_containers_is_in_two_files(system):
    system("cgroup/cpu/cpu.cfs_quota_us", "300000\n")
    system("cgroup/cpu/cpu.cfs_period_us", "100000\n")

    assert host.processors() == 3


def test_two_threads_of_a_core_are_one_core(system):
    for one, siblings in enumerate(("0-1", "0-1", "2-3", "2-3")):
        system(f"devices/cpu/cpu{one}/topology/thread_siblings_list", siblings)

    assert (host.processors(), host.cores()) == (4, 2)


def test_the_largest_cache_is_the_last(system):
    """Level 1 of 32 KiB, 2 of 1 MiB, 3 of 36,608 KiB."""
    for index, size in enumerate(("32K", "32K", "1M", "36608K")):
        system(f"devices/cpu/cpu0/cache/index{index}/size", size + "\n")

    assert host.cache_bytes() == 36608 * 1024


def test_a_system_that_does_not_tell_its_caches_is_taken_for_usual(system):
    assert host.cache_bytes() == 32 << 20


def test_memory_is_that_of_the_container(system, monkeypatch):
    monkeypatch.setattr(host, "_meminfo", {"MemTotal": 64 << 30, "MemAvailable": 60 << 30}.get)
    system("cgroup/memory.max", f"{8 << 30}\n")
    system("cgroup/memory.current", f"{3 << 30}\n")

    assert (host.memory_bytes(), host.available_bytes()) == (8 << 30, 5 << 30)


@pytest.mark.parametrize("limit", ["max", str(1 << 63)])
def test_a_container_without_a_limit_has_the_memory_of_the_host(limit, system, monkeypatch):
    monkeypatch.setattr(host, "_meminfo", {"MemTotal": 64 << 30, "MemAvailable": 60 << 30}.get)
    system("cgroup/memory.max", limit)

    assert (host.memory_bytes(), host.available_bytes()) == (64 << 30, 60 << 30)


def test_every_library_is_given_the_same_threads():
    found = host.thread_variables(6)

    assert {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"} <= set(found)
    assert set(found.values()) == {"6"}


def test_the_facts_of_this_host_are_plain_values():
    facts = host.host_facts(2)

    assert facts["threads"] == 2
    assert facts["numpy"]
    assert all(isinstance(one, str | int | float | None) for one in facts.values())


def test_what_is_not_installed_has_no_version():
    assert host.package_version("no-such-package-at-all") is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process so")
def test_a_process_gets_no_more_than_its_share_of_memory():
    """It asks for all that is free after it was limited to a twentieth."""
    program = (
        "import numpy as np\n"
        "from llmcost.bench.host import available_bytes, limit_memory\n"
        "limit_memory(0.05)\n"
        "try:\n"
        "    np.empty(available_bytes(), np.uint8)\n"
        "except MemoryError:\n"
        "    print('refused')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "refused\n"
