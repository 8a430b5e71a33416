"""The two questions: which layouts are legal, and which is the nearest to one that is not."""

from __future__ import annotations

from dataclasses import fields

from llmcost.catalog.architecture import Architecture
from llmcost.enumeration.nearness import nearest, why_none
from llmcost.enumeration.search import Columns, Limits, search
from llmcost.errors import LayoutError
from llmcost.layout.record import Layout, PartialLayout
from llmcost.layout.situation import situation


def enumerate_layouts(
    architecture: Architecture,
    num_gpus: int,
    seq_length: int,
    global_batch_size: int | None = None,
    partial: PartialLayout | None = None,
    limits: Limits | None = None,
) -> Columns:
    """Return every legal layout that has the given parts, one row each, as COLUMNS of floats.

    `seq_length` is in tokens, `global_batch_size` in sequences. Raises LayoutError where there is
    none, with the rule that stands in the way and the nearest legal layout.
    """
    fixed = partial or PartialLayout()
    where = situation(architecture, num_gpus, seq_length, _batch(global_batch_size, fixed))
    found = search(where, fixed, limits or Limits())
    if not found["data_parallel"].size:
        raise LayoutError(why_none(where, fixed))
    return found


def nearest_legal(
    partial: PartialLayout | Layout,
    architecture: Architecture,
    num_gpus: int,
    seq_length: int,
    global_batch_size: int | None = None,
) -> Layout | None:
    """Return the legal layout closest to one that is not, None where none is legal.

    Closest is fewest parts changed, then least changed by ratio; what is free is taken plain.
    """
    fixed = _as_partial(partial)
    where = situation(architecture, num_gpus, seq_length, _batch(global_batch_size, fixed))
    return nearest(where, fixed)


def _as_partial(layout: PartialLayout | Layout) -> PartialLayout:
    if isinstance(layout, PartialLayout):
        return layout
    return PartialLayout(**{field.name: getattr(layout, field.name) for field in fields(Layout)})


def _batch(stated: int | None, partial: PartialLayout) -> int:
    given = partial.global_batch_size
    if stated is not None and given is not None and stated != given:
        raise LayoutError(
            f"The layout's gbs={given} and the global batch of {stated} sequences differ; needs "
            "one. Give it once."
        )
    batch = given if stated is None else stated
    if batch is None:
        raise LayoutError("No global batch is given; needs its sequences, as in gbs=2048.")
    return batch
