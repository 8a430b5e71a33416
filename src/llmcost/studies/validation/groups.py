"""The kinds of measurements that errors are told apart by."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from llmcost.studies.validation.rows import Row

NOT_STATED = "not stated"
SIZES = ((1, "1"), (8, "2-8"), (64, "9-64"), (512, "65-512"), (4096, "513-4096"))
LARGEST = ">4096"


def cluster_size(num_gpus: int | None) -> str:
    """Return the class of size of a cluster of this many accelerators [GPU].

    >>> cluster_size(8), cluster_size(9), cluster_size(16384)
    ('2-8', '9-64', '>4096')
    """
    if num_gpus is None:
        return NOT_STATED
    return next((name for most, name in SIZES if num_gpus <= most), LARGEST)


def density(mixture: bool | None) -> str:
    """Return dense or MoE, for a mixture of experts."""
    if mixture is None:
        return NOT_STATED
    return "MoE" if mixture else "dense"


def layout_state(missing: bool | None) -> str:
    """Return in words whether the layout was published whole."""
    if missing is None:
        return NOT_STATED
    return "partly missing" if missing else "complete"


# The name of each way of grouping: its title, and the group of a row.
GROUPS: dict[str, tuple[str, Callable[[Row], str]]] = {
    "source": ("Source", lambda row: row.source or NOT_STATED),
    "source-family": ("Source family", lambda row: row.source_family or NOT_STATED),
    "framework": ("Framework family", lambda row: row.framework_family or NOT_STATED),
    "accelerator": ("Accelerator", lambda row: row.accelerator or NOT_STATED),
    "generation": ("Generation", lambda row: row.generation or NOT_STATED),
    "precision": ("Precision", lambda row: row.precision or NOT_STATED),
    "density": ("Dense or MoE", lambda row: density(row.mixture)),
    "size": ("Accelerators used", lambda row: cluster_size(row.num_gpus)),
    "layout": ("Layout", lambda row: layout_state(row.layout_missing)),
    "situation": ("Situation", lambda row: row.situation or NOT_STATED),
}
ORDERED = {"size": (*(name for _, name in SIZES), LARGEST)}


def grouped(rows: Iterable[Row], by: str) -> dict[str, list[Row]]:
    """Return the rows of each group, groups in order of size or of name; unstated ones last."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(GROUPS[by][1](row), []).append(row)
    order = ORDERED.get(by, ())
    return dict(sorted(found.items(), key=lambda item: _place(item[0], order)))


def _place(name: str, order: tuple[str, ...]) -> tuple[bool, int, str]:
    return name == NOT_STATED, order.index(name) if name in order else len(order), name
