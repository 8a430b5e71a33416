"""What a saved bench must hold: samples of the machine, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmcost.studies.saved.checks import (
    Check,
    among,
    anything,
    cell,
    flag,
    listed,
    mapped,
    maybe,
    number,
    ordered,
    positive,
    record,
    text,
    whole,
    word,
)
from llmcost.studies.saved.measured_shapes import reading
from llmcost.studies.saved.shapes import WARNINGS

KINDS = ("gemm", "memory", "attention", "step", "optimizer", "collective")
DEVICES = ("cpu", "cuda", "rocm", "unknown")
STATUSES = ("complete", "interrupted", "over budget")

_COUNTED: Check = record({}, {"threads": whole, "runs": whole, "together": flag})
# What each kind of sample says of what was run, as far as an estimate reads it.
_SHAPES: Mapping[str, Check] = {
    "gemm": record({"m": positive, "n": positive, "k": positive, "flop": positive}, {"role": text}),
    "memory": record({"op": text, "bytes": positive}),
    "attention": record(
        {
            "part": among(("forward", "backward")),
            **dict.fromkeys(("batch", "heads", "seq_length", "head_dim"), positive),
        },
        {"kv_heads": positive, "v_dim": positive},
    ),
    "step": record(
        {
            "part": among(("whole", "forward", "backward", "optimizer")),
            **dict.fromkeys(("layers", "tokens", "seq_length", "micro_batch_size"), positive),
            **dict.fromkeys(("hidden", "heads", "kv_heads", "head_dim"), positive),
            **dict.fromkeys(("mlp_width", "vocab"), positive),
            "gated": flag,
            "tied": flag,
        }
    ),
    "optimizer": record({"parameters": positive}),
    "collective": record({"op": text, "bytes": positive, "ranks": positive}, {"backend": text}),
}


def _shape(value: Any) -> None:  # noqa: ANN401
    """Allow the sizes that samples of this kind have."""
    _SHAPES[value["kind"]](value)


SAMPLE = record(
    {
        "kind": among(KINDS),
        "dtype": word,
        "by": text,
        **dict.fromkeys(("median_s", "p20_s", "p80_s", "best_s"), positive),
        "value": positive,
        "best_value": positive,
        "unit": among(("FLOP/s", "byte/s")),
    },
    {
        "times_s": listed(positive, least=1),
        "disturbed": flag,
        "disturbance": maybe(text),
        "verified": maybe(flag),
    },
    ordered("p20_s", "median_s"),
    ordered("median_s", "p80_s"),
    ordered("best_s", "p80_s"),
    _COUNTED,
    _shape,
)
DEVICE = record(
    {"kind": among(DEVICES), "name": text},
    {"count": whole, "catalogue": maybe(word), "memory_bytes": maybe(positive)},
)
COMPARED = record(
    {"name": text, "unit": text, "measured": number, "verdict": text},
    {
        **dict.fromkeys(("specification", "published", "other"), maybe(number)),
        **dict.fromkeys(("share", "published_share", "ratio"), maybe(number)),
        "beside": maybe(text),
    },
)
BENCH = record(
    {
        "measured_at": word,
        "method": whole,
        "host": mapped(cell),
        "device": DEVICE,
        "samples": listed(SAMPLE),
        "not_measured": listed(record({"kind": text, "reason": text})),
        "status": among(STATUSES),
        "warnings": WARNINGS,
    },
    {
        "request": anything,
        "fits": mapped(reading),
        "results": mapped(reading),
        "comparison": listed(COMPARED),
        "llmcost_version": text,
        "data_version": text,
        "command": text,
    },
)
