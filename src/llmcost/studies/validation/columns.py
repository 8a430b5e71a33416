"""An architecture built from the columns of a row, with every assumption named in its basis."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from llmcost.catalog.architecture import Architecture, Attention, LayerGroup, Mlp
from llmcost.catalog.layers import DENSE, FULL, MOE
from llmcost.counting import count
from llmcost.studies.validation.naming import stated_sizes
from llmcost.studies.validation.stated import Shape, Stated, nearest_divisor

HEAD_DIM = 128
SMALL_HEAD_DIM, SMALL_HIDDEN = 64, 1024
ROUND_WIDTH = 256
VOCABULARY = 51_200
GATED_VOCABULARY = 128_256
LEAST_VOCABULARY, MOST_VOCABULARY = 20_000, 300_000
FOURFOLD = 4
MANY_EXPERTS = 16


@dataclass(slots=True)
class _Plan:
    """The numbers of a shape while they are filled in, and what was assumed."""

    said: Stated
    parameters: float | None
    layers: int = 0
    hidden: int = 0
    heads: int = 0
    kv_heads: int = 0
    head_dim: int = 0
    width: int = 0
    gated: bool = False
    tied: bool = False
    vocab: int = 0
    experts: int = 0
    chosen: int = 0
    shared_width: int = 0
    assumed: list[str] = field(default_factory=list)

    def assume(self, text: str) -> None:
        self.assumed.append(text)


def shape_from_columns(said: Stated) -> Shape:
    """Return the architecture of a row's columns, or the reason why they cannot be one.

    What is left out follows from the parameters where they are given (the vocabulary, a missing
    depth, tied embeddings, a gated MLP); else it takes a usual value, which the basis names.
    """
    plan = _Plan(said, said.parameters or stated_sizes(said.name)[0])
    wrong = _wrong(said)
    if wrong:
        return Shape(None, reason=wrong)
    plan.experts = said.get("n_experts") or 0
    plan.experts = plan.experts if plan.experts > 1 else 0
    for fill in _STEPS:
        fill(plan)
    basis = "; ".join(["columns", *plan.assumed])
    return Shape(_built(plan), basis)


def _wrong(said: Stated) -> str:
    heads, kv_heads = said.get("n_heads"), said.get("n_kv_heads")
    if heads and kv_heads and heads % kv_heads:
        near = nearest_divisor(heads, kv_heads)
        return f"n_kv_heads: got {kv_heads}; needs a divisor of the {heads} n_heads, nearest {near}"
    experts, chosen = said.get("n_experts"), said.get("top_k")
    if experts and chosen and chosen > experts:
        return f"top_k: got {chosen}; needs at most the {experts} n_experts"
    return ""


def _depth_and_width(plan: _Plan) -> None:
    plan.layers, plan.hidden = plan.said.get("n_layers") or 0, plan.said.get("hidden") or 0
    if not plan.hidden and plan.parameters:
        exact = (plan.parameters / (12 * plan.layers)) ** 0.5
        plan.hidden = max(HEAD_DIM, round(exact / HEAD_DIM) * HEAD_DIM)
        plan.assume(f"hidden {plan.hidden} from the parameters")


def _heads(plan: _Plan) -> None:
    said, hidden = plan.said, plan.hidden
    stated_dim = said.get("head_dim")
    usual = SMALL_HEAD_DIM if hidden <= SMALL_HIDDEN else HEAD_DIM
    plan.heads = said.get("n_heads") or max(1, round(hidden / (stated_dim or usual)))
    plan.head_dim = stated_dim or max(1, round(hidden / plan.heads))
    plan.kv_heads = said.get("n_kv_heads") or plan.heads
    if not said.get("n_heads"):
        plan.assume(f"n_heads {plan.heads} assumed")
    elif not said.get("n_kv_heads"):
        plan.assume("n_kv_heads as n_heads assumed")
    if not stated_dim and plan.head_dim * plan.heads != hidden:
        plan.assume(f"head_dim {plan.head_dim} rounded")


def _mlp(plan: _Plan) -> None:
    said, hidden = plan.said, plan.hidden
    width = said.get("ffn_hidden")
    plan.gated = bool(said.gated)
    if said.gated is None:
        plan.gated = plan.experts > 0 or (width is not None and width != FOURFOLD * hidden)
    if width is None:
        exact = 8 * hidden / 3 if plan.gated else FOURFOLD * hidden
        width = -(-round(exact) // ROUND_WIDTH) * ROUND_WIDTH if plan.gated else round(exact)
        plan.assume(f"ffn_hidden {width} assumed")
    plan.width = width
    if plan.experts:
        usual = 8 if plan.experts > MANY_EXPERTS else 2
        plan.chosen = said.get("top_k") or min(usual, plan.experts)
        if not said.get("top_k"):
            plan.assume(f"top_k {plan.chosen} assumed")


def _vocabulary(plan: _Plan) -> None:
    said = plan.said
    plan.tied = bool(said.tied) if said.tied is not None else not plan.gated
    plan.vocab = said.get("vocab") or round(said.vocabulary or 0) or _vocabulary_from_size(plan)
    if not said.get("vocab"):
        source = "from the notes" if said.vocabulary else "assumed"
        plan.assume(f"vocab {plan.vocab} {source}")


def _vocabulary_from_size(plan: _Plan) -> int:
    """Return the vocabulary that makes up the parameters, where that is one, or a usual one."""
    usual = GATED_VOCABULARY if plan.gated else VOCABULARY
    if not plan.parameters or not plan.layers or plan.experts:
        return usual
    plan.vocab = 0
    rest = plan.parameters - count(_built(plan)).parameters
    found = rest / (plan.hidden * (1 if plan.tied else 2))
    digits = f"{plan.parameters:.15g}".rstrip("0").replace(".", "")
    exact = len(digits) > 4
    within = LEAST_VOCABULARY <= found <= MOST_VOCABULARY
    return round(found) if exact and within else usual


def _choices_from_size(plan: _Plan) -> None:
    """Settle a gated MLP and tied embeddings that nobody stated by the nearest parameters."""
    said, size = plan.said, plan.parameters
    if size and plan.layers and (said.gated is None or said.tied is None):
        gated = (plan.gated, not plan.gated) if said.gated is None else (plan.gated,)
        tied = (plan.tied, not plan.tied) if said.tied is None else (plan.tied,)
        ways = [(g, t) for g in gated for t in tied]
        plan.gated, plan.tied = min(ways, key=lambda way: _away(plan, way, size))
    if said.gated is None:
        plan.assume(f"gated_mlp {'yes' if plan.gated else 'no'} assumed")


def _away(plan: _Plan, way: tuple[bool, bool], size: float) -> float:
    trial = replace(plan, gated=way[0], tied=way[1])
    return abs(count(_built(trial)).parameters / size - 1)


def _depth_from_size(plan: _Plan) -> None:
    if plan.layers or not plan.parameters:
        return
    plan.layers = 1
    one = count(_built(plan)).parameters
    plan.layers = 2
    each = count(_built(plan)).parameters - one
    plan.layers = max(1, round(1 + (plan.parameters - one) / each))
    plan.assume(f"n_layers {plan.layers} from the parameters")


def _shared_experts(plan: _Plan) -> None:
    """Take active parameters beyond those of the chosen experts as shared experts."""
    active = plan.said.active_parameters
    if not plan.experts or not active:
        return
    factor = 3 if plan.gated else 2
    missing = active - count(_built(plan)).active_parameters
    number = round(missing / (plan.layers * factor * plan.hidden * plan.width))
    if number > 0:
        plan.shared_width = number * plan.width
        plan.assume(f"shared width {plan.shared_width} from the active parameters")


def _built(plan: _Plan) -> Architecture:
    attention = Attention(
        kind=FULL,
        span=0,
        heads=plan.heads,
        kv_heads=plan.kv_heads,
        qk_dim=plan.head_dim,
        v_dim=plan.head_dim,
    )
    mlp = Mlp(kind=DENSE, width=plan.width, gated=plan.gated)
    if plan.experts:
        mlp = replace(
            mlp,
            kind=MOE,
            experts=plan.experts,
            experts_per_token=plan.chosen,
            shared_width=plan.shared_width,
        )
    return Architecture(
        model_type="columns",
        vocab_size=plan.vocab,
        hidden_size=plan.hidden,
        groups=(LayerGroup(plan.layers, attention, mlp, 2 * plan.hidden),),
        embedding_size=plan.hidden,
        tie_word_embeddings=plan.tied,
        final_norm_parameters=plan.hidden,
    )


_STEPS = (
    *(_depth_and_width, _heads, _mlp, _vocabulary, _choices_from_size, _depth_from_size),
    _shared_experts,
)
