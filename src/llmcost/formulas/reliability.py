"""Time that failures, restarts, checkpoints and maintenance take from a run.

Failures of a job are independent and strike at a constant rate (a Poisson process); one failure
anywhere stops the whole job, which goes back to its last checkpoint. The job saves after every
`checkpoint_interval` of work, for `checkpoint_time` in which it does not train. Under these
assumptions the time of a run has a closed form (Daly 2006), and goodput is a product of shares:

    goodput = (1 - maintenance) x not restarting x kept x training between checkpoints
"""

from __future__ import annotations

from typing import Any

import numpy as np

from llmcost.units import unit_checked

SECONDS_PER_HOUR = 3600.0
# [1/hour], for a cluster that never fails: far below one failure since the beginning of time.
LEAST_FAILURE_RATE = 1e-30
SMALLEST = np.finfo(np.float64).tiny


@unit_checked("hour", num_gpus="GPU", failure_rate="1/GPU/hour")
def mtbf(*, num_gpus: Any, failure_rate: Any) -> Any:  # noqa: ANN401
    """Return the mean time between failures of a job on all devices [hour].

    Failures of devices, hosts and network that stop the job, counted for each device-hour, add up
    over the cluster. Rates of hardware say too little where programs fail as well: jobs of 1,024
    GPUs of a research cluster ran 7.9 hours on average, and its node failures alone say 28.8. A
    rate of 0 is taken as 1e-30 failures an hour.

    Source: Kokolis et al. 2024 (arXiv 2410.21680): the time to failure of a job falls as one over
    the number of its nodes.
    """
    return 1.0 / np.maximum(num_gpus * failure_rate, LEAST_FAILURE_RATE)


@unit_checked(
    "s",
    parameters="",
    checkpoint_bytes_per_parameter="byte",
    checkpoint_bandwidth="byte/s/GPU",
    num_gpus="GPU",
)
def checkpoint_time(
    *,
    parameters: Any,  # noqa: ANN401
    checkpoint_bytes_per_parameter: Any,  # noqa: ANN401
    checkpoint_bandwidth: Any,  # noqa: ANN401
    num_gpus: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return how long a checkpoint keeps the job from training [s].

    Every device writes its part of weights and optimizer state at the same time. It is an upper
    bound where checkpoints are copied to memory first and written while training goes on.

    Source: by definition; 2.3 TB of BLOOM's 176B parameters took 40 s on 384 devices (Bekman, ML
    Engineering, fault tolerance).
    """
    size = parameters * checkpoint_bytes_per_parameter
    return size / (checkpoint_bandwidth * num_gpus)


@unit_checked("s", checkpoint_time="s", mtbf="hour")
def young_interval(*, checkpoint_time: Any, mtbf: Any) -> Any:  # noqa: ANN401
    """Return the first-order optimum of the work between two checkpoints [s].

    Good while a checkpoint is short against the time between failures.

    Source: Young 1974 (doi 10.1145/361147.361115).
    """
    return np.sqrt(2.0 * checkpoint_time * mtbf * SECONDS_PER_HOUR)


@unit_checked("s", checkpoint_time="s", mtbf="hour")
def daly_interval(*, checkpoint_time: Any, mtbf: Any) -> Any:  # noqa: ANN401
    """Return the optimum of the work between two checkpoints [s].

    With d the time of a checkpoint and M the time between failures:
    sqrt(2 d M) (1 + sqrt(d / 2M) / 3 + (d / 2M) / 9) - d, and M where d is 2M or more. The time
    of a restart has no part in it. A run takes at most 0.2% longer than at the exact optimum, and
    no more than a millionth while d is below M / 5.

    Source: Daly 2006 (doi 10.1016/j.future.2004.11.016), the higher-order estimate.
    """
    between = mtbf * SECONDS_PER_HOUR
    half = checkpoint_time / (2.0 * between)
    series = 1.0 + np.sqrt(half) / 3.0 + half / 9.0
    first = young_interval.kernel(checkpoint_time=checkpoint_time, mtbf=mtbf)
    return np.where(half < 1.0, first * series - checkpoint_time, between)


@unit_checked("", restart_time="s", mtbf="hour")
def share_not_restarting(*, restart_time: Any, mtbf: Any) -> Any:  # noqa: ANN401
    """Return the share of unplanned time in which a job is not restarting.

    A restart, from failure to the first new step, may itself be struck: exp(-R / M).

    Source: Daly 2006 (doi 10.1016/j.future.2004.11.016), the factor exp(R / M) of the complete
    model.
    """
    return np.exp(-restart_time / (mtbf * SECONDS_PER_HOUR))


@unit_checked("", checkpoint_interval="s", checkpoint_time="s", mtbf="hour")
def share_kept(*, checkpoint_interval: Any, checkpoint_time: Any, mtbf: Any) -> Any:  # noqa: ANN401
    """Return the share of running time whose work and checkpoints no failure undoes.

    With x the length of a segment (work and its checkpoint) over the time between failures:
    x / (exp(x) - 1), which is about 1 - x / 2: a failure undoes half a segment on average.

    Source: Daly 2006 (doi 10.1016/j.future.2004.11.016), the factor exp((tau + delta) / M) - 1 of
    the complete model.
    """
    segments = (checkpoint_interval + checkpoint_time) / (mtbf * SECONDS_PER_HOUR)
    x = np.maximum(segments, SMALLEST)
    return x * np.exp(-x) / -np.expm1(-x)


@unit_checked("", checkpoint_interval="s", checkpoint_time="s")
def checkpoint_share(*, checkpoint_interval: Any, checkpoint_time: Any) -> Any:  # noqa: ANN401
    """Return the share of a segment, work and its checkpoint, that the checkpoint takes.

    Source: by definition.
    """
    return checkpoint_time / np.maximum(checkpoint_interval + checkpoint_time, SMALLEST)


@unit_checked(
    "",
    mtbf="hour",
    restart_time="s",
    checkpoint_time="s",
    checkpoint_interval="s",
    maintenance_share="",
)
def goodput(
    *,
    mtbf: Any,  # noqa: ANN401
    restart_time: Any,  # noqa: ANN401
    checkpoint_time: Any,  # noqa: ANN401
    checkpoint_interval: Any,  # noqa: ANN401
    maintenance_share: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the share of wall clock that moved training forward.

    Failures, restarts, checkpoints and planned maintenance are the rest; slow steps are not.
    Outside maintenance it is 1 / T, for the time T of a unit of work in Daly's complete model:
    T = M exp(R / M) (exp((tau + delta) / M) - 1) / tau, with M the time between failures, R that
    of a restart, delta that of a checkpoint and tau the work between two of them. Failures are
    independent, at a constant rate, and each stops the whole job.

    Source: Daly 2006 (doi 10.1016/j.future.2004.11.016), the complete model.
    """
    kept = share_kept.kernel(
        checkpoint_interval=checkpoint_interval, checkpoint_time=checkpoint_time, mtbf=mtbf
    )
    saving = checkpoint_share.kernel(
        checkpoint_interval=checkpoint_interval, checkpoint_time=checkpoint_time
    )
    running = share_not_restarting.kernel(restart_time=restart_time, mtbf=mtbf)
    return (1.0 - maintenance_share) * running * kept * (1.0 - saving)


@unit_checked("", share_not_restarting="", maintenance_share="")
def restart_loss(*, share_not_restarting: Any, maintenance_share: Any) -> Any:  # noqa: ANN401
    """Return the share of wall clock that goes into detecting failures and restarting.

    Source: Daly 2006 (doi 10.1016/j.future.2004.11.016), parted by what time is spent on.
    """
    return (1.0 - maintenance_share) * (1.0 - share_not_restarting)


@unit_checked("", share_not_restarting="", share_kept="", maintenance_share="")
def rework_loss(*, share_not_restarting: Any, share_kept: Any, maintenance_share: Any) -> Any:  # noqa: ANN401
    """Return the share of wall clock whose work is lost to a failure and done again.

    Source: Daly 2006 (doi 10.1016/j.future.2004.11.016), parted by what time is spent on.
    """
    return (1.0 - maintenance_share) * share_not_restarting * (1.0 - share_kept)


@unit_checked("", share_not_restarting="", share_kept="", checkpoint_share="", maintenance_share="")
def checkpoint_loss(
    *,
    share_not_restarting: Any,  # noqa: ANN401
    share_kept: Any,  # noqa: ANN401
    checkpoint_share: Any,  # noqa: ANN401
    maintenance_share: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the share of wall clock that goes into writing checkpoints.

    Source: Daly 2006 (doi 10.1016/j.future.2004.11.016), parted by what time is spent on.
    """
    return (1.0 - maintenance_share) * share_not_restarting * share_kept * checkpoint_share
