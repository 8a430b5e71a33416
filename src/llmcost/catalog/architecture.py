"""The shape of a language model, read from a Hugging Face style config.json.

Every number of an `Architecture` is plain: layers, widths, heads, experts. What they come to in
weights and FLOP is counted in `llmcost.counting`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from llmcost.catalog.layers import MOE, Span, attention_spans, mlp_kinds
from llmcost.catalog.model_types import (
    Fields,
    known_names,
    model_type,
    resolve,
    same_as,
    supported,
    unsupported,
    wrapped,
    wrappers,
)
from llmcost.errors import InputError, one_of, shown

TIE = "tie_word_embeddings"
NORM_VECTORS = {"weight": 1, "weight and bias": 2, "none": 0}


@dataclass(frozen=True, slots=True)
class Attention:
    """Softmax attention of one layer.

    `kind` is full, window or chunk, and `span` the tokens that a window or chunk holds. Latent
    attention (DeepSeek-V2) has `kv_rank` and `rope_dim`, and `q_rank` where queries are also
    compressed; elsewhere these are 0. `vector_parameters` counts norms on queries and keys, and
    sinks.
    """

    kind: str
    span: int
    heads: int
    kv_heads: int
    qk_dim: int
    v_dim: int
    q_rank: int = 0
    kv_rank: int = 0
    rope_dim: int = 0
    qkv_bias: bool = False
    output_bias: bool = False
    vector_parameters: int = 0


@dataclass(frozen=True, slots=True)
class Mlp:
    """The MLP of one layer: one dense block, or experts of which a token uses some.

    `width` is the inner width of the dense block or of one routed expert, `shared_width` that of
    the block that every token passes beside its experts. `router_vectors` counts learned numbers
    per expert in the router beside its weights, `activation_parameters` those of the activation.
    """

    kind: str
    width: int
    gated: bool
    bias: bool = False
    experts: int = 0
    experts_per_token: int = 0
    expert_bias: bool = False
    shared_width: int = 0
    shared_gate: bool = False
    router_vectors: int = 0
    activation_parameters: int = 0


@dataclass(frozen=True, slots=True)
class LayerGroup:
    """A run of `count` layers of one shape; `norm_parameters` are those of one layer."""

    count: int
    attention: Attention
    mlp: Mlp
    norm_parameters: int


@dataclass(frozen=True, slots=True)
class Architecture:
    """The shape of a decoder-only transformer; `groups` are its layers, bottom to top, in runs.

    `embedding_size` differs from `hidden_size` where the embedding is projected. `positions` is
    the rows of a learned position table, 0 without one.
    """

    model_type: str
    vocab_size: int
    hidden_size: int
    groups: tuple[LayerGroup, ...]
    embedding_size: int
    tie_word_embeddings: bool
    positions: int = 0
    head_bias: bool = False
    embedding_norm_parameters: int = 0
    final_norm_parameters: int = 0

    @property
    def num_layers(self) -> int:
        """The number of decoder layers."""
        return sum(group.count for group in self.groups)


def architecture_from_config(
    config: Mapping[str, object],
) -> tuple[Architecture, tuple[str, ...]]:
    """Return the architecture that a config.json describes, and warnings.

    Fields left out take the defaults of the reference implementation. Raises InputError for a
    model type that is not supported and for fields that cannot be.

    >>> shape, warnings = architecture_from_config({"model_type": "llama", "head_dim": 64})
    >>> shape.num_layers, shape.groups[0].attention.qk_dim, warnings
    (32, 64, ())
    """
    decoder, warnings = _text_decoder(config)
    name = _model_type(decoder)
    base, implied = same_as(name)
    if base not in supported():
        unsupported(name, tuple(str(field) for field in decoder))
    fields, notes = resolve(model_type(base), {**implied, **decoder})
    return _architecture(fields), (*warnings, *notes, *_prediction_note(decoder))


def _model_type(config: Mapping[str, object]) -> str:
    name = config.get("model_type")
    if not isinstance(name, str) or not name:
        raise InputError(
            f"The field 'model_type' of the configuration is {shown(name)}; needs the name of an "
            f"architecture such as {one_of(known_names()[:4])}. Add it to the config.json."
        )
    return name


def _text_decoder(config: Mapping[str, object]) -> tuple[dict[str, object], tuple[str, ...]]:
    if not isinstance(config, Mapping):
        raise InputError(
            f"A configuration is a table of fields; got {shown(config)}. Pass the content of a "
            "config.json."
        )
    inner = config.get("text_config")
    if inner is None:
        return dict(config), ()
    if not isinstance(inner, Mapping):
        raise InputError(
            f"The field 'text_config' is {shown(inner)}; needs the fields of the text decoder."
        )
    outer = _model_type(config)
    facts = wrapped(outer)
    if not facts:
        raise InputError(
            f"The model type {shown(outer)} holds a 'text_config', and how it shares weights with "
            f"it is not known; wrappers that can be counted: {one_of(wrappers())}. To count the "
            "text decoder alone, save its text_config as a config.json of its own."
        )
    decoder = {"model_type": facts["type"], **inner}
    note = f"only the text decoder of {shown(outer)} is counted, not its vision or audio parts"
    return decoder, (note, *_beside(config, decoder), *_settle_tie(decoder, config, facts))


def _beside(config: Mapping[str, object], decoder: Mapping[str, object]) -> tuple[str, ...]:
    """Return a warning for fields of the decoder that stand beside its text_config."""
    base, _ = same_as(_model_type(decoder))
    known = model_type(base).names if base in supported() else {}
    stray = sorted(field for field in config if field in known and field != TIE)
    if not stray:
        return ()
    return (f"not used, for they stand beside text_config and not in it: {', '.join(stray)}",)


def _settle_tie(
    decoder: dict[str, object], config: Mapping[str, object], facts: Mapping[str, object]
) -> tuple[str, ...]:
    """Set in `decoder` whether embeddings are tied, as its wrapper does; return warnings."""
    tied_by, stated = facts.get("tied_by"), config.get(TIE)
    if tied_by == "wrapper":
        decoder[TIE] = facts["tied"] if stated is None else stated
        usual = model_type(str(facts["type"])).defaults[TIE]
        if stated is None and usual != facts["tied"]:
            return (f"{TIE} is not stated: counted as the wrapper's default, {facts['tied']}",)
    elif tied_by is None and stated is not None:
        decoder.setdefault(TIE, stated)
    return ()


def _prediction_note(config: Mapping[str, object]) -> tuple[str, ...]:
    for name in ("num_nextn_predict_layers", "num_mtp_layers"):
        extra = config.get(name)
        if isinstance(extra, int) and extra > 0:
            return (f"{name} = {extra}: the layers that predict further tokens are not counted",)
    return ()


def _architecture(fields: Fields) -> Architecture:
    hidden, layers = fields.count("hidden_size"), fields.count("num_hidden_layers")
    norm = NORM_VECTORS[str(fields.kind.rule("norm", "weight"))] * hidden
    norm *= fields.ruled_flag("norm_if", default=True)
    positions = fields.ruled_count("positions")
    return Architecture(
        model_type=fields.kind.name,
        vocab_size=fields.count("vocab_size"),
        hidden_size=hidden,
        groups=_groups(fields, hidden, layers, norm * _layer_norms(fields)),
        embedding_size=fields.ruled_count("embedding_size", default=hidden),
        tie_word_embeddings=fields.flag("tie_word_embeddings"),
        positions=positions and positions + fields.ruled_count("position_offset"),
        head_bias=fields.ruled_flag("head_bias"),
        embedding_norm_parameters=2 * hidden * fields.ruled_flag("embedding_norm"),
        final_norm_parameters=norm * _has_final_norm(fields),
    )


def _layer_norms(fields: Fields) -> int:
    rule = fields.kind.rule("layer_norms", 2)
    if rule == "parallel residual":
        return 1 if fields.flag("use_parallel_residual") else 2
    if rule == "post norm":
        return 4 if fields.flag("use_post_norm") else 2
    if rule != "falcon":
        return int(rule or 0)
    if not fields.flag("parallel_attn"):
        return 2
    stated = fields.optional_count("num_ln_in_parallel_attn", minimum=0)
    unstated = 2 if fields.flag("new_decoder_architecture") else 1
    return unstated if stated is None else 2 if stated == 2 else 1


def _has_final_norm(fields: Fields) -> bool:
    if fields.kind.rule("final_norm") != "pre-norm":
        return True
    return fields.flag("do_layer_norm_before") and not fields.flag("_remove_final_layer_norm")


def _groups(fields: Fields, hidden: int, layers: int, norm: int) -> tuple[LayerGroup, ...]:
    shapes = zip(attention_spans(fields, layers), mlp_kinds(fields, layers), strict=True)
    runs = [(shape, len(list(run))) for shape, run in groupby(shapes)]
    attentions = {span: _attention(fields, hidden, span) for (span, _), _ in runs}
    mlps = {kind: _mlp(fields, hidden, kind) for (_, kind), _ in runs}
    return tuple(
        LayerGroup(count, attentions[span], mlps[kind], norm) for (span, kind), count in runs
    )


def _attention(fields: Fields, hidden: int, span: Span) -> Attention:
    if fields.kind.rule("attention") == "latent":
        return _latent_attention(fields, hidden, span)
    heads = fields.count("num_attention_heads")
    kv_heads = _kv_heads(fields, heads)
    dim = _head_dim(fields, hidden, heads)
    return Attention(
        *span,
        heads=heads,
        kv_heads=kv_heads,
        qk_dim=dim,
        v_dim=dim,
        qkv_bias=fields.ruled_flag("qkv_bias"),
        output_bias=fields.ruled_flag("output_bias"),
        vector_parameters=_qk_norm(fields, hidden, heads, kv_heads, dim)
        + heads * fields.ruled_flag("sinks"),
    )


def _latent_attention(fields: Fields, hidden: int, span: Span) -> Attention:
    heads = fields.count("num_attention_heads")
    _check_divides(fields, hidden, heads)
    q_rank, kv_rank = fields.optional_count("q_lora_rank") or 0, fields.count("kv_lora_rank")
    rope_dim = fields.count("qk_rope_head_dim")
    return Attention(
        *span,
        heads=heads,
        kv_heads=heads,
        qk_dim=fields.count("qk_nope_head_dim") + rope_dim,
        v_dim=fields.optional_count("v_head_dim") or _even_share(fields, hidden, heads),
        q_rank=q_rank,
        kv_rank=kv_rank,
        rope_dim=rope_dim,
        qkv_bias=fields.ruled_flag("qkv_bias"),
        output_bias=fields.ruled_flag("output_bias"),
        vector_parameters=q_rank + kv_rank,
    )


def _kv_heads(fields: Fields, heads: int) -> int:
    rule = fields.kind.rule("kv_heads")
    if rule == "all":
        return heads
    if rule == "multi-query" or (rule == "falcon" and not fields.flag("new_decoder_architecture")):
        return 1 if fields.flag("multi_query") else heads
    kv_heads = fields.optional_count("num_key_value_heads") or heads
    if heads % kv_heads:
        fields.fail("num_key_value_heads", str(kv_heads), f"a divisor of the {heads} heads")
    return kv_heads


def _head_dim(fields: Fields, hidden: int, heads: int) -> int:
    rule = fields.kind.rule("head_dim", "field")
    _check_divides(fields, hidden, heads)
    stated = fields.optional_count("head_dim") if rule == "field" else None
    return stated or _even_share(fields, hidden, heads)


def _even_share(fields: Fields, hidden: int, heads: int) -> int:
    if heads > hidden:
        fields.fail("num_attention_heads", str(heads), f"at most the hidden size, {hidden}")
    return hidden // heads


def _check_divides(fields: Fields, hidden: int, heads: int) -> None:
    exact = fields.ruled_flag("divides") or fields.kind.rule("head_dim") == "divided"
    if exact and hidden % heads:
        fields.fail("num_attention_heads", str(heads), f"a divisor of the hidden size, {hidden}")


def _qk_norm(fields: Fields, hidden: int, heads: int, kv_heads: int, dim: int) -> int:
    if not fields.ruled_flag("qk_norm_if", default=True):
        return 0
    per_head = hidden // heads
    return {
        "none": 0,
        "head": 2 * dim,
        "head with bias": 4 * per_head,
        "all heads": (heads + kv_heads) * dim,
        "hidden": hidden + kv_heads * per_head,
    }[str(fields.kind.rule("qk_norm", "none"))]


def _mlp(fields: Fields, hidden: int, kind: str) -> Mlp:
    gated, bias = fields.ruled_flag("gated", default=True), fields.ruled_flag("mlp_bias")
    if kind == MOE:
        return _experts(fields, gated=gated, bias=bias)
    learned = fields.kind.rule("activation_parameters") == "xielu"
    return Mlp(
        kind=kind,
        width=_mlp_width(fields, hidden),
        gated=gated,
        bias=bias,
        activation_parameters=2 if learned and fields.text("hidden_act") == "xielu" else 0,
    )


def _mlp_width(fields: Fields, hidden: int) -> int:
    rule = str(fields.kind.rule("mlp_width", "intermediate_size"))
    if rule == "fourfold":
        return 4 * hidden
    if rule in fields.kind.defaults:
        return fields.count(rule)
    return fields.optional_count(rule) or 4 * hidden


def _experts(fields: Fields, *, gated: bool, bias: bool) -> Mlp:
    experts = fields.ruled_count("experts")
    chosen = fields.count(str(fields.kind.rule("experts_per_token")))
    width = fields.count(str(fields.kind.rule("expert_width")))
    if chosen > experts:
        fields.fail(str(fields.kind.rule("experts_per_token")), str(chosen), f"at most {experts}")
    shared = fields.ruled_count("shared_width", minimum=0)
    shared = shared or width * fields.ruled_count("shared_experts", minimum=0)
    vectors = fields.ruled_flag("router_bias") + fields.ruled_flag("router_correction")
    return Mlp(
        kind=MOE,
        width=width,
        gated=gated,
        bias=bias,
        experts=experts,
        experts_per_token=chosen,
        expert_bias=fields.ruled_flag("expert_bias"),
        shared_width=shared,
        shared_gate=fields.ruled_flag("shared_gate"),
        router_vectors=vectors,
    )
