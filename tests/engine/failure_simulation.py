"""A run on a cluster that fails, event by event: an independent answer to hold goodput against.

Each device has failures of its own, at random times that are drawn before the run begins; a clock
walks over work, checkpoints and restarts, and looks up when the next failure strikes.
"""

import numpy as np


def failure_times(devices, rate, until, rng):
    """Times [hour] at which any of the devices fails, sorted, up to `until`."""
    counts = rng.poisson(rate * until, size=devices)
    return np.sort(rng.uniform(0.0, until, size=counts.sum()))


def simulated_shares(devices, rate, restart, checkpoint, interval, hours, seed):
    """Shares of `hours` [hour] that went into progress, checkpoints, rework and restarts."""
    failures = failure_times(devices, rate, hours, np.random.default_rng(seed))
    spent = {"goodput": 0.0, "checkpoint_loss": 0.0, "rework_loss": 0.0, "restart_loss": 0.0}
    clock = 0.0
    following = iter([*failures, np.inf])
    failure = next(following)
    while clock < hours:
        if clock + interval + checkpoint <= failure:
            spent["goodput"] += interval
            spent["checkpoint_loss"] += checkpoint
            clock += interval + checkpoint
            continue
        spent["rework_loss"] += failure - clock
        started = clock = failure
        failure = next(following)
        while failure < clock + restart:
            clock, failure = failure, next(following)
        clock += restart
        spent["restart_loss"] += clock - started
    return {name: time / clock for name, time in spent.items()}
