"""Shares of peak: MFU, HFU, and what a measured rate implies."""

from __future__ import annotations

from typing import Any

import numpy as np

from llmcost.units import unit_checked


@unit_checked("", model_flop_rate="FLOP/s/GPU", peak_flop_rate="FLOP/s/GPU")
def mfu(*, model_flop_rate: Any, peak_flop_rate: Any) -> Any:  # noqa: ANN401
    """Return model FLOP utilization: model FLOP/s over peak dense FLOP/s.

    Recomputed activations do not count. The attention convention (causal-halved or full) is that
    of the model FLOP given. Between 0 and 1 for a peak at the precision the run uses.

    Source: Chowdhery et al. 2022 (arXiv 2204.02311), appendix B.
    """
    return model_flop_rate / peak_flop_rate


@unit_checked("", mfu="", model_flop="FLOP", hardware_flop="FLOP")
def hfu(*, mfu: Any, model_flop: Any, hardware_flop: Any) -> Any:  # noqa: ANN401
    """Return hardware FLOP utilization: as MFU, with recomputed activations counted.

    Source: Korthikanti et al. 2022 (arXiv 2205.05198), section 6.3.
    """
    return mfu * hardware_flop / model_flop


@unit_checked("FLOP", model_flop="FLOP", recompute_forward_share="", forward_share_of_model_flop="")
def hardware_flop(
    *,
    model_flop: Any,  # noqa: ANN401
    recompute_forward_share: Any,  # noqa: ANN401
    forward_share_of_model_flop: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return model FLOP plus recomputed FLOP [FLOP].

    A recomputed share of 1 (full checkpointing) repeats the whole forward pass, a third of the
    model FLOP: hardware FLOP is then 4/3 of model FLOP.

    Source: Korthikanti et al. 2022 (arXiv 2205.05198), section 5, appendix A.
    """
    return model_flop * (1.0 + recompute_forward_share * forward_share_of_model_flop)


@unit_checked("FLOP/s/GPU", tokens_per_gpu_second="token/s/GPU", model_flop_per_token="FLOP/token")
def model_flop_rate(*, tokens_per_gpu_second: Any, model_flop_per_token: Any) -> Any:  # noqa: ANN401
    """Return model FLOP/s of one device, from its token rate [FLOP/s/GPU].

    Source: the definition of MFU, Chowdhery et al. 2022 (arXiv 2204.02311), appendix B.
    """
    return tokens_per_gpu_second * model_flop_per_token


@unit_checked("", recompute_full="", recompute_selective="", attention_share="")
def recompute_forward_share(
    *,
    recompute_full: Any,  # noqa: ANN401
    recompute_selective: Any,  # noqa: ANN401
    attention_share: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the share of the forward pass that is computed again.

    Full recomputation repeats all of it, selective only attention beside its projections, which is
    `attention_share` of the FLOP. The two kinds are 0 or 1 in one run.

    Source: Korthikanti et al. 2022 (arXiv 2205.05198), section 5.
    """
    return recompute_full + recompute_selective * attention_share


@unit_checked("", mfu="", model_flop="FLOP")
def mfu_of_phases(*, mfu: Any, model_flop: Any) -> Any:  # noqa: ANN401
    """Return the MFU of phases together, from that of each and its model FLOP (first axis).

    Each phase weighs by the device time that it takes: the harmonic mean over FLOP.

    Source: the definition of MFU, Chowdhery et al. 2022 (arXiv 2204.02311), appendix B.
    """
    return np.sum(model_flop, axis=0) / np.sum(model_flop / mfu, axis=0)


@unit_checked("", mfu="", model_flop="FLOP", restated_flop="FLOP")
def restated_mfu(*, mfu: Any, model_flop: Any, restated_flop: Any) -> Any:  # noqa: ANN401
    """Return an MFU restated for model FLOP counted in another attention convention.

    The step time stays; the FLOP it is said to do change. Above 1 where the other convention counts
    FLOP that no kernel executes.

    Source: the definition of MFU, Chowdhery et al. 2022 (arXiv 2204.02311), appendix B.
    """
    return mfu * restated_flop / model_flop
