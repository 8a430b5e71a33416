"""The architecture of a measured row: from the catalogue, from its columns, or from its size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import groupby
from math import log

from llmcost.catalog.architecture import (
    Architecture,
    LayerGroup,
    Mlp,
    architecture_from_config,
)
from llmcost.catalog.files import cached_facts, overlay_folder
from llmcost.catalog.models import ModelEntry, models
from llmcost.counting import count
from llmcost.errors import one_of, shown
from llmcost.studies.validation.columns import shape_from_columns
from llmcost.studies.validation.naming import (
    catalogue_model,
    close_names,
    has_other_layers,
    stated_sizes,
)
from llmcost.studies.validation.stated import Shape, Stated

SAME_SIZE = 0.04
DIMENSIONS = (*("hidden", "n_heads", "n_kv_heads", "head_dim", "ffn_hidden", "n_experts", "top_k"),)


def shape_of(said: Stated) -> Shape:
    """Return the architecture that a row means.

    A name of the catalogue counts where the row's dimensions agree with it; other depths are cut
    from it. Else the columns are built up, and where they say too little the nearest model of the
    catalogue by size is stretched to the row's parameters, which the basis then says.
    """
    entry = catalogue_model(said.name)
    if entry is not None:
        found = _from_catalogue(entry, said)
        if found is not None:
            return found
    if _has_columns(said):
        return shape_from_columns(said)
    if has_other_layers(said.name):
        return _no_shape(
            f"model_name: got {shown(said.name)}, whose layers are not all attention and MLP; "
            "needs a decoder-only transformer"
        )
    return _inferred(said)


def _has_columns(said: Stated) -> bool:
    known = said.get("n_layers"), said.get("hidden")
    return all(known) or (any(known) and bool(said.parameters or stated_sizes(said.name)[0]))


def _from_catalogue(entry: ModelEntry, said: Stated) -> Shape | None:
    architecture = _architecture(entry)
    if not _agrees(entry, architecture, said):
        return None
    basis = f"catalogue {entry.name}"
    layers = said.get("n_layers")
    if layers and layers != architecture.num_layers:
        architecture = with_layers(architecture, layers, said.dense_layers)
        basis += f" with {layers} layers"
    vocab = said.get("vocab")
    if vocab and vocab != architecture.vocab_size:
        architecture = replace(architecture, vocab_size=vocab)
        basis += f", vocabulary {vocab}"
    return Shape(architecture, basis, entry.name)


def _architecture(entry: ModelEntry) -> Architecture:
    return _architectures(str(overlay_folder() or ""))[entry.name]


@cached_facts
def _architectures(_folder: str) -> Mapping[str, Architecture]:
    return {entry.name: architecture_from_config(entry.config)[0] for entry in models()}


def _agrees(entry: ModelEntry, architecture: Architecture, said: Stated) -> bool:
    """Return whether a row's dimensions are those of a model; what it leaves out agrees."""
    if said.parameters and not said.get("n_layers"):
        near = (entry.parameters, entry.active_parameters)
        if not any(abs(said.parameters / size - 1) < 0.25 for size in near):
            return False
    wrong = [name for name in DIMENSIONS if not _fits(name, entry, architecture, said)]
    if not wrong:
        return True
    # A table may print the width of a dense block for a model of experts.
    same = said.parameters and abs(said.parameters / entry.parameters - 1) < SAME_SIZE
    return bool(same) and set(wrong) <= {"ffn_hidden", "head_dim"}


def _fits(name: str, entry: ModelEntry, architecture: Architecture, said: Stated) -> bool:
    stated = said.get(name)
    if stated is None:
        return True
    attentions = {group.attention for group in architecture.groups}
    mlps = {group.mlp for group in architecture.groups}
    known: dict[str, set[int]] = {
        "hidden": {architecture.hidden_size},
        "n_heads": {a.heads for a in attentions},
        "n_kv_heads": {a.kv_heads for a in attentions} | {1 for a in attentions if a.kv_rank},
        "head_dim": {d for a in attentions for d in (a.qk_dim, a.v_dim, a.rope_dim)},
        "ffn_hidden": {m.width for m in mlps} | {m.shared_width for m in mlps} | _widths(entry),
        "n_experts": {m.experts for m in mlps} | _experts(mlps),
        "top_k": {m.experts_per_token for m in mlps} | {m.experts_per_token + 1 for m in mlps},
    }
    return stated in known[name]


def _widths(entry: ModelEntry) -> set[int]:
    fields = ("intermediate_size", "moe_intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size")
    return {value for name in fields if isinstance(value := entry.config.get(name), int)}


def _experts(mlps: set[Mlp]) -> set[int]:
    """Return also the numbers of experts with the shared one counted, and one for dense models."""
    sparse = {mlp.experts + 1 for mlp in mlps if mlp.experts and mlp.shared_width}
    return sparse if any(mlp.experts for mlp in mlps) else {1}


def with_layers(
    architecture: Architecture, layers: int, dense_layers: int | None = None
) -> Architecture:
    """Return an architecture of other depth: its lowest layers, or its pattern carried on.

    `dense_layers` says how many of the lowest layers of a model of experts stay dense, where that
    is known; else as many as in the whole model, and at least one layer keeps its experts.
    """
    each = [replace(group, count=1) for group in architecture.groups for _ in range(group.count)]
    sparse = [layer for layer in each if layer.mlp.experts]
    lowest = next((n for n, layer in enumerate(each) if layer.mlp.experts), 0)
    if sparse and lowest:
        kept = min(lowest if dense_layers is None else dense_layers, lowest, layers - 1)
        each = each[:kept] + each[lowest:]
    pattern = each[-_period(each) :]
    each = each + pattern * -(-max(0, layers - len(each)) // len(pattern))
    return replace(architecture, groups=_grouped(each[:layers]))


def _period(each: list[LayerGroup]) -> int:
    """Return how many of the highest layers repeat."""
    changes = [n for n in range(1, len(each)) if each[n] != each[n - 1]]
    return changes[-1] - changes[-3] if len(changes) > 2 else 1


def _grouped(each: list[LayerGroup]) -> tuple[LayerGroup, ...]:
    runs = [(layer, len(list(run))) for layer, run in groupby(each)]
    return tuple(replace(layer, count=number) for layer, number in runs)


def _inferred(said: Stated) -> Shape:
    total, active = stated_sizes(said.name)
    total, active = said.parameters or total, said.active_parameters or active
    if not total:
        close = close_names(said.name)
        near = f"nearest names {one_of(close)}" if close else "see: llmcost show models"
        return _no_shape(
            f"model_name: got {shown(said.name)} without n_layers, hidden or n_params_total; needs "
            f"one of them or a model of the catalogue, {near}"
        )
    return inferred_from_size(total, active, said.name)


def inferred_from_size(total: float, active: float | None, name: str = "") -> Shape:
    """Return the nearest model of the catalogue stretched to a number of parameters.

    Rule: of the models of the same kind (dense, or experts where fewer parameters are active) the
    nearest by ratio of parameters, where a shared first word of the name counts for a quarter of
    a factor of e; its number of layers is then set so that the parameters are nearest, and the
    experts that a token visits so that the active ones are.
    """
    sparse = active is not None and active < 0.8 * total
    kinds = [(entry, _architecture(entry)) for entry in models()]
    fits = [(e, a) for e, a in kinds if any(g.mlp.experts for g in a.groups) == sparse]
    entry, base = min(fits, key=lambda pair: _distance(pair[0], total, active, name))
    depth, size = base.num_layers, count(base).parameters
    one = (count(with_layers(base, 2 * depth)).parameters - size) / depth
    layers = max(1, round(depth + (total - size) / one))
    shape = with_layers(base, layers)
    basis = f"inferred from {total:.4g} parameters: {entry.name} with {layers} layers"
    if sparse and active is not None:
        shape = _with_active(shape, active)
        basis += f", experts chosen for {active:.4g} active parameters"
    return Shape(shape, basis, inferred=True)


def _with_active(shape: Architecture, active: float) -> Architecture:
    """Return a model of experts with as many chosen as make its active parameters nearest."""
    sparse = [group for group in shape.groups if group.mlp.experts]
    more = replace(shape, groups=tuple(_choosing(group, 1) for group in shape.groups))
    each = count(more).active_parameters - count(shape).active_parameters
    extra = round((active - count(shape).active_parameters) / each) if sparse and each else 0
    return replace(shape, groups=tuple(_choosing(group, extra) for group in shape.groups))


def _choosing(group: LayerGroup, extra: int) -> LayerGroup:
    if not group.mlp.experts:
        return group
    chosen = min(group.mlp.experts, max(1, group.mlp.experts_per_token + extra))
    return replace(group, mlp=replace(group.mlp, experts_per_token=chosen))


def _distance(entry: ModelEntry, total: float, active: float | None, name: str) -> float:
    away = abs(log(total / entry.parameters))
    if active:
        away += abs(log(active / entry.active_parameters))
    return away + 0.25 * (not _shares_word(entry, name))


def _shares_word(entry: ModelEntry, name: str) -> bool:
    word = entry.family.casefold().split("-")[0].split(" ")[0].rstrip("0123456789.")
    return bool(word) and word in name.casefold()


def _no_shape(reason: str) -> Shape:
    return Shape(None, reason=reason)
