"""The degrees of a row's layout: what is stated, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

from llmcost.studies.validation.sharding import Sharding

# The four degrees whose product is the number of accelerators, by column.
DEGREES = ("tp", "pp", "cp", "dp")


@dataclass(frozen=True, slots=True)
class Degrees:
    """Degrees by column, the number of accelerators, and why they cannot be (else empty)."""

    values: Mapping[str, int | None]
    num_gpus: int | None
    reason: str = ""

    @property
    def missing(self) -> bool:
        """Whether one of the degrees is not known."""
        return any(self.values[name] is None for name in DEGREES)


def solved(
    given: Mapping[str, int | None],
    num_gpus: int | None,
    sharding: Sharding,
    expert_parallel: int | None,
) -> Degrees:
    """Return the degrees with the one that follows from the others.

    tp x pp x cp x dp is the number of accelerators, so that one unknown follows, and all unknowns
    are 1 where the known ones make up the whole. Where dp was printed with context parallelism in
    it, or as the replicas of expert or sharded groups, the one reading that multiplies counts.
    """
    values = dict(given)
    if values["tp"] is None and sharding.tensor:
        values["tp"] = sharding.tensor
    whole = (values["tp"] or 0) * (sharding.group or 0) * (sharding.replicas or 0)
    if values["dp"] is None and whole and whole == num_gpus:
        values["dp"] = num_gpus // (values["tp"] or 1)
    known = [value for value in values.values() if value is not None]
    product, unknown = prod(known), [name for name in DEGREES if values[name] is None]
    if num_gpus is None:
        return Degrees(values, None if unknown else product)
    if not unknown and product != num_gpus:
        return _reread(values, num_gpus, sharding, expert_parallel)
    if not unknown:
        return Degrees(values, num_gpus)
    if num_gpus % product:
        return Degrees(values, num_gpus, _does_not_divide(values, num_gpus, product))
    if len(unknown) == 1 or product == num_gpus:
        values.update(dict.fromkeys(unknown, num_gpus // product))
    return Degrees(values, num_gpus)


def _reread(
    values: dict[str, int | None], num_gpus: int, sharding: Sharding, expert_parallel: int | None
) -> Degrees:
    """Return the one other reading of dp that makes the product right, or the reason."""
    model = prod(value or 1 for name, value in values.items() if name != "dp")
    context, data = values["cp"] or 1, values["dp"] or 1
    readings = {
        data // context if data % context == 0 else 0,
        data * (expert_parallel or 1),
        data * (sharding.group or 1),
        data * (sharding.replicas or 1),
    }
    if num_gpus % model == 0 and num_gpus // model in readings:
        return Degrees({**values, "dp": num_gpus // model}, num_gpus)
    if num_gpus % model:
        return Degrees(values, num_gpus, _does_not_divide(values, num_gpus, model))
    text = _written(values)
    return Degrees(
        values,
        num_gpus,
        f"dp: got {data}, but {text} is {model * data} of {num_gpus} n_gpus; needs "
        f"tp x pp x cp x dp = n_gpus, nearest dp {num_gpus // model}",
    )


def _does_not_divide(values: Mapping[str, int | None], num_gpus: int, product: int) -> str:
    near = max(1, round(num_gpus / product)) * product
    return (
        f"n_gpus: got {num_gpus}, which {_written(values)} do not divide; needs a multiple of "
        f"{product}, nearest {near}"
    )


def _written(values: Mapping[str, int | None]) -> str:
    return " x ".join(f"{name} {values[name]}" for name in DEGREES if values[name] is not None)
