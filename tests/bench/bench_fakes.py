"""Probes, processes and devices that are made up, for the tests of measuring."""

from llmcost.bench.probing import Probe, Task
from llmcost.bench.timing import Timer

SIGNAL_SELF = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"


class SteppingClock:
    """A clock on which every call takes a stated time [s] and no time goes by."""

    def __init__(self, *seconds):
        self.seconds = seconds

    def passes(self, calls, count, before):
        """Make every call, and say what it took."""
        for _ in range(count):
            for call in calls:
                call()
        return [[one] * count for one in self.seconds[: len(calls)]]


class Recorded:
    """Keeps what a probe sends."""

    def __init__(self):
        self.messages = []

    def __call__(self, kind, body):
        self.messages.append((kind, body))

    def of(self, kind):
        """Return the messages of one kind."""
        return [body for one, body in self.messages if one == kind]


def made_probe(kind=Probe, *rest, clock=None, free=None, **fields):
    """Return a probe with a clock and free memory [byte] of one's own, and what it sends."""
    sent = Recorded()
    task = Task(**{"family": "matmul", "effort": "quick", **fields})

    class Made(kind):
        @property
        def timer(self):
            return Timer(clock or SteppingClock(0.25), 0.0, 0.25, self.deadline, 0, most=6)

        def free_bytes(self):
            return free

    return Made(task, sent, *rest), sent


class FakeEvent:
    """An event of a device whose queue takes 2 ms from one to the next."""

    made = 0

    def __init__(self, enable_timing=False):
        assert enable_timing
        self.at = None

    def record(self):
        """Note the place in the queue."""
        FakeEvent.made += 1
        self.at = 2.0 * FakeEvent.made

    def elapsed_time(self, later):
        """Return the time to another event [ms]."""
        return later.at - self.at


class FakeCuda:
    """As much of torch.cuda as clocks need; knows whether it was waited for."""

    Event = FakeEvent

    def __init__(self):
        self.waits = 0

    def synchronize(self):
        """Wait for the queue."""
        self.waits += 1
