"""From the columns of a run to FLOP, device time and money.

A column is a float or an array that broadcasts to (phases, rows): one row of a sweep, one draw of a
simulation, or the one row of a single estimate. Attention columns have one axis more in front, one
entry a kind of layer. Nothing here checks anything; NaN marks what is not known and stays NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from llmcost.engine.rows import as_floats, as_rows
from llmcost.formulas import duration, flops, money, scaling_laws, utilization

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

INPUTS = {
    "tokens": "token",
    "seq_length": "",
    "parameters": "",
    "active_parameters": "",
    "matmul_parameters": "",
    "attention_width": "",
    "attention_span": "",
    "attention_chunked": "",
    "causal": "",
    "recompute_selective": "",
    "recompute_full": "",
    "peak_flop_rate": "FLOP/s/GPU",
    "mfu": "",
    "goodput": "",
    "steady_share": "",
    "num_gpus": "GPU",
    "price": "USD/GPU/hour",
}
OUTPUTS = {
    "model_flop": "FLOP",
    "model_flop_6nd": "FLOP",
    "hardware_flop": "FLOP",
    "tokens_per_parameter": "token",
    "mfu": "",
    "hfu": "",
    "goodput": "",
    "steady_share": "",
    "gpu_hours": "GPU*hour",
    "wall_clock": "day",
    "tokens_per_second": "token/s",
    "tokens_per_gpu_second": "token/s/GPU",
    "cost": "USD",
    "cost_per_million_tokens": "USD/megatoken",
}


def run(columns: Mapping[str, Any]) -> dict[str, Floats]:
    """Return the OUTPUTS of every row, from the INPUTS in the units those tables state.

    Phases are summed: the first axis of the phase columns (tokens, seq_length) disappears. An MFU
    with that axis is one a phase; the MFU that comes out is then that of all phases together.
    """
    c = columns
    tokens = _over_phases(c["tokens"])
    flop = training_flop(c)
    mfu = _mean_mfu(c)
    per_gpu = duration.tokens_per_gpu_second.kernel(
        peak_flop_rate=c["peak_flop_rate"],
        mfu=mfu,
        model_flop_per_token=flop["model_flop"] / tokens,
    )
    gpu_hours = duration.gpu_hours.kernel(
        model_flop=flop["model_flop"],
        peak_flop_rate=c["peak_flop_rate"],
        mfu=mfu,
        goodput=c["goodput"],
        steady_share=c["steady_share"],
    )
    cost = money.rental_cost.kernel(gpu_hours=gpu_hours, price=c["price"])
    outputs = {
        **flop,
        "tokens_per_parameter": scaling_laws.tokens_per_parameter.kernel(
            tokens=tokens, parameters=c["parameters"]
        ),
        "mfu": mfu,
        "hfu": utilization.hfu.kernel(
            mfu=mfu, model_flop=flop["model_flop"], hardware_flop=flop["hardware_flop"]
        ),
        "goodput": c["goodput"],
        "steady_share": c["steady_share"],
        "gpu_hours": gpu_hours,
        "wall_clock": duration.wall_clock.kernel(gpu_hours=gpu_hours, num_gpus=c["num_gpus"]),
        "tokens_per_second": duration.tokens_per_second.kernel(
            tokens_per_gpu_second=per_gpu, num_gpus=c["num_gpus"]
        ),
        "tokens_per_gpu_second": per_gpu,
        "cost": cost,
        "cost_per_million_tokens": money.cost_per_million_tokens.kernel(cost=cost, tokens=tokens),
    }
    return as_rows(outputs)


def training_flop(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return model, 6ND and hardware FLOP of every row [FLOP], summed over phases."""
    c = columns
    model_flop, attention_share = _flop_of_phases(c)
    hardware_flop = utilization.hardware_flop.kernel(
        model_flop=model_flop,
        recompute_forward_share=utilization.recompute_forward_share.kernel(
            recompute_full=c["recompute_full"],
            recompute_selective=c["recompute_selective"],
            attention_share=attention_share,
        ),
        forward_share_of_model_flop=flops.FORWARD_SHARE,
    )
    return {
        "model_flop": _over_phases(model_flop),
        "model_flop_6nd": scaling_laws.model_flop_6nd.kernel(
            active_parameters=c["active_parameters"], tokens=_over_phases(c["tokens"])
        ),
        "hardware_flop": _over_phases(hardware_flop),
    }


def _flop_of_phases(c: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the model FLOP of each phase [FLOP], and the share of attention in it."""
    attention = flops.attention_flop_per_token.kernel(
        width=c["attention_width"],
        mean_context=flops.mean_context.kernel(
            seq_length=c["seq_length"],
            span=c["attention_span"],
            chunked=c["attention_chunked"],
            causal=c["causal"],
        ),
    ).sum(axis=0)
    matmul = flops.matmul_flop_per_token.kernel(matmul_parameters=c["matmul_parameters"])
    return (matmul + attention) * c["tokens"], attention / (matmul + attention)


def _mean_mfu(c: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return the MFU of all phases together, where each has one; else the one there is."""
    if np.ndim(c["mfu"]) < 2:
        return c["mfu"]
    return utilization.mfu_of_phases.kernel(model_flop=_flop_of_phases(c)[0], mfu=c["mfu"])


def _over_phases(column: Any) -> Floats:  # noqa: ANN401
    return cast("Floats", as_floats(np.sum(column, axis=0)))
