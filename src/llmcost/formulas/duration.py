"""Device time, elapsed time and rates."""

from __future__ import annotations

from typing import Any

from llmcost.units import unit_checked

SECONDS_PER_HOUR = 3600.0
HOURS_PER_DAY = 24.0


@unit_checked(
    "GPU*hour", model_flop="FLOP", peak_flop_rate="FLOP/s/GPU", mfu="", goodput="", steady_share=""
)
def gpu_hours(
    *,
    model_flop: Any,  # noqa: ANN401
    peak_flop_rate: Any,  # noqa: ANN401
    mfu: Any,  # noqa: ANN401
    goodput: Any,  # noqa: ANN401
    steady_share: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the device time that a training run occupies [GPU*hour].

    Time lost to failures, restarts and checkpoints is included through `goodput`, the share of wall
    clock that moved training forward, and slow steps and evaluation through `steady_share`, the
    mean rate of steps over that of a good step; with 1 for both it is the productive time alone.

    Source: the definitions of MFU (Chowdhery et al. 2022, arXiv 2204.02311, appendix B) and of
    goodput, solved for device time.
    """
    return model_flop / (peak_flop_rate * mfu * goodput * steady_share) / SECONDS_PER_HOUR


@unit_checked("day", gpu_hours="GPU*hour", num_gpus="GPU")
def wall_clock(*, gpu_hours: Any, num_gpus: Any) -> Any:  # noqa: ANN401
    """Return elapsed time, failures and restarts included [day].

    All devices are held for the whole time: device time over the number of devices.

    Source: by definition.
    """
    return gpu_hours / num_gpus / HOURS_PER_DAY


@unit_checked("token/s/GPU", peak_flop_rate="FLOP/s/GPU", mfu="", model_flop_per_token="FLOP/token")
def tokens_per_gpu_second(*, peak_flop_rate: Any, mfu: Any, model_flop_per_token: Any) -> Any:  # noqa: ANN401
    """Return tokens trained on a second by one device while training runs [token/s/GPU].

    Goodput is not in it: this is the rate that a training log prints.

    Source: the definition of MFU, Chowdhery et al. 2022 (arXiv 2204.02311), appendix B, solved
    for the token rate.
    """
    return peak_flop_rate * mfu / model_flop_per_token


@unit_checked("token/s", tokens_per_gpu_second="token/s/GPU", num_gpus="GPU")
def tokens_per_second(*, tokens_per_gpu_second: Any, num_gpus: Any) -> Any:  # noqa: ANN401
    """Return tokens trained on a second by all devices while training runs [token/s].

    Source: by definition.
    """
    return tokens_per_gpu_second * num_gpus
