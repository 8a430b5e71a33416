"""Which arguments of an estimate say the same thing, so that only one of two can hold."""

from __future__ import annotations

MODEL_ONLY = ("layout", "global_batch_size", "framework", "anchor")
FIGHTS = (
    ("phases", "tokens"),
    ("phases", "seq_length"),
    ("mfu", "throughput"),
    *((own, name) for own in ("mfu", "throughput") for name in MODEL_ONLY),
    ("model", "parameters"),
    ("model", "active_parameters"),
    *(("price", name) for name in ("price_per_node_hour", "provider", "terms")),
    *(("price_per_node_hour", name) for name in ("provider", "terms")),
    *(("gpus_per_node", name) for name in ("price", "provider", "terms")),
)


def opponents(name: str) -> set[str]:
    """Return the arguments that cannot stand beside one of this name.

    >>> sorted(opponents("mfu"))
    ['anchor', 'framework', 'global_batch_size', 'layout', 'throughput']
    """
    return {one if two == name else two for one, two in FIGHTS if name in (one, two)}
