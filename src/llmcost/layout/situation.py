"""What a layout has to fit: the shape of the model, the cluster and the batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import gcd

from llmcost.catalog.architecture import Architecture
from llmcost.errors import LayoutError, shown


@dataclass(frozen=True, slots=True)
class Situation:
    """A model, a cluster [GPU], a sequence length [token] and a global batch [sequence].

    The counts of the model are the distinct ones over its layers. `widths` are inner widths of
    dense MLPs and shared experts, which tensor parallelism splits; `experts` is empty when dense.
    """

    num_gpus: int
    seq_length: int
    global_batch_size: int
    layers: int
    heads: tuple[int, ...]
    kv_heads: tuple[int, ...]
    widths: tuple[int, ...]
    experts: tuple[int, ...]
    expert_widths: tuple[int, ...]

    @property
    def common_heads(self) -> int:
        """The greatest number that divides the heads of every layer."""
        return gcd(*self.heads)

    @property
    def common_experts(self) -> int:
        """The greatest number that divides the experts of every layer, 1 for a dense model."""
        return gcd(*self.experts) or 1

    @property
    def common_width(self) -> int:
        """The greatest number that divides every width that tensor parallelism splits."""
        return gcd(*self.widths)


def situation(
    architecture: Architecture, num_gpus: int, seq_length: int, global_batch_size: int
) -> Situation:
    """Return what a layout has to fit; raises LayoutError for counts that are not above 0."""
    sizes = {"num_gpus": num_gpus, "seq_length": seq_length}
    for name, value in (sizes | {"global_batch_size": global_batch_size}).items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise LayoutError(f"{name}: got {shown(value)}; needs a whole number of 1 or more.")
    attentions = [group.attention for group in architecture.groups]
    dense = [group.mlp for group in architecture.groups if not group.mlp.experts]
    moe = [group.mlp for group in architecture.groups if group.mlp.experts]
    return Situation(
        num_gpus,
        seq_length,
        global_batch_size,
        architecture.num_layers,
        heads=_distinct(attention.heads for attention in attentions),
        kv_heads=_distinct(attention.kv_heads for attention in attentions),
        widths=_distinct([*(mlp.width for mlp in dense), *(mlp.shared_width for mlp in moe)]),
        experts=_distinct(mlp.experts for mlp in moe),
        expert_widths=_distinct(mlp.width for mlp in moe),
    )


def _distinct(values: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted({value for value in values if value}))
