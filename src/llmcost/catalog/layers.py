"""Which layers of a model look at a window of the text, and which hold experts."""

from __future__ import annotations

from llmcost.catalog.model_types import Fields
from llmcost.errors import InputError, one_of, shown

FULL, WINDOW, CHUNK = "full", "window", "chunk"
DENSE, MOE = "dense", "moe"
KINDS = {"full_attention": FULL, "sliding_attention": WINDOW, "chunked_attention": CHUNK}
KINDS |= {"attention": FULL, "global": FULL, "local": WINDOW}

Span = tuple[str, int]


def attention_spans(fields: Fields, layers: int) -> tuple[Span, ...]:
    """Return the attention kind of each layer and how many tokens it spans (0: all).

    Raises InputError for a layer type without softmax attention.
    """
    span = fields.optional_count("sliding_window", minimum=0) or 0
    if "use_sliding_window" in fields.kind.defaults and not fields.flag("use_sliding_window"):
        span = 0
    wanted = fields.items("layer_types")
    kinds = _by_rule(fields, layers, span) if wanted is None else _listed(fields, wanted, layers)
    return tuple((FULL, 0) if kind == FULL or not span else (kind, span) for kind in kinds)


def mlp_kinds(fields: Fields, layers: int) -> tuple[str, ...]:
    """Return for each layer whether its MLP is dense or a mixture of experts."""
    rule = fields.kind.rule("experts")
    if not isinstance(rule, str) or not fields.optional_count(rule, minimum=0):
        return (DENSE,) * layers
    placed = _PLACES[str(fields.kind.rule("moe_layers", "every layer"))](fields, layers)
    return tuple(MOE if is_moe else DENSE for is_moe in placed)


def _listed(fields: Fields, wanted: tuple[object, ...], layers: int) -> list[str]:
    if len(wanted) != layers:
        fields.fail("layer_types", f"a list of {len(wanted)}", f"one entry per layer: {layers}")
    unknown = [kind for kind in wanted if kind not in KINDS]
    if unknown:
        raise InputError(
            f"The layer type {shown(unknown[0])} of a {fields.kind.name} configuration is not "
            f"softmax attention; needs {one_of(KINDS)}. Such a model cannot be counted yet."
        )
    return [KINDS[str(kind)] for kind in wanted]


def _by_rule(fields: Fields, layers: int, span: int) -> list[str]:
    rule = str(fields.kind.rule("window", ""))
    if not rule or not span or not fields.ruled_flag("window_if", default=True):
        return [FULL] * layers
    kind = str(fields.kind.rule("window_kind", WINDOW))
    return [kind if inside else FULL for inside in _WINDOWS[rule](fields, layers)]


def _every_layer(_fields: Fields, layers: int) -> list[bool]:
    return [True] * layers


def _upper_layers(fields: Fields, layers: int) -> list[bool]:
    first = fields.count("max_window_layers", minimum=0)
    used = fields.flag("use_sliding_window")
    return [used and layer >= first for layer in range(layers)]


def _every_other_lower_layer(fields: Fields, layers: int) -> list[bool]:
    last = fields.count("max_window_layers", minimum=0)
    used = fields.flag("use_sliding_window")
    return [used and layer % 2 == 0 and layer < last for layer in range(layers)]


def _pattern(fields: Fields, layers: int) -> list[bool]:
    usual = int(fields.kind.rule("usual_pattern", 0) or 0)
    every = fields.ruled_count("window_pattern", default=usual)
    if not every:
        fields.fail("sliding_window_pattern", "nothing", "a whole number")
    return [(layer + 1) % every != 0 for layer in range(layers)]


def _with_rope(fields: Fields, layers: int) -> list[bool]:
    listed = fields.items("no_rope_layers")
    if listed:
        if len(listed) != layers:
            fields.fail("no_rope_layers", f"a list of {len(listed)}", f"one per layer: {layers}")
        return [bool(item) for item in listed]
    every = fields.count("no_rope_layer_interval")
    return [(layer + 1) % every != 0 for layer in range(layers)]


def _without_rope(fields: Fields, layers: int) -> list[bool]:
    return [not rope for rope in _with_rope(fields, layers)]


def _sparse_step(fields: Fields, layers: int) -> list[bool]:
    dense = _layer_numbers(fields, "mlp_only_layers")
    step = fields.count("decoder_sparse_step")
    return [layer not in dense and (layer + 1) % step == 0 for layer in range(layers)]


def _after_the_first(fields: Fields, layers: int) -> list[bool]:
    first = fields.count("first_k_dense_replace", minimum=0)
    return [layer >= first for layer in range(layers)]


def _interleaved(fields: Fields, layers: int) -> list[bool]:
    if fields.values.get("moe_layers") is not None:
        listed = _layer_numbers(fields, "moe_layers")
        return [layer in listed for layer in range(layers)]
    every = fields.count("interleave_moe_layer_step")
    return [(layer + 1) % every == 0 for layer in range(layers)]


def _range(fields: Fields, layers: int) -> list[bool]:
    start = fields.count("moe_layer_start_index", minimum=0)
    end = fields.count("moe_layer_end_index", minimum=-1)
    every = fields.count("moe_layer_interval")
    last = layers - 1 if end == -1 else end
    return [(layer + 1) % every == 0 and start <= layer <= last for layer in range(layers)]


def _layer_numbers(fields: Fields, name: str) -> frozenset[int]:
    listed = fields.items(name) or ()
    if not all(isinstance(item, int) for item in listed):
        fields.fail(name, shown(list(listed)), "a list of layer numbers")
    return frozenset(listed)


_WINDOWS = {
    "every layer": _every_layer,
    "listed layers": _every_layer,
    "upper layers": _upper_layers,
    "every other lower layer": _every_other_lower_layer,
    "pattern": _pattern,
    "layers with rope": _with_rope,
    "layers without rope": _without_rope,
}
_PLACES = {
    "every layer": _every_layer,
    "sparse step": _sparse_step,
    "after the first": _after_the_first,
    "interleaved": _interleaved,
    "range": _range,
}
