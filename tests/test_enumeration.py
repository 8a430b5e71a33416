"""Every legal layout, against nested loops on small clusters."""

from dataclasses import fields
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.catalog.architecture import architecture_from_config
from llmcost.catalog.models import model
from llmcost.enumeration import Limits, enumerate_layouts, nearest_legal, to_layout
from llmcost.errors import LayoutError
from llmcost.layout import COLUMNS, Layout, PartialLayout, as_columns, check, legal, read_layout


def architecture(name, **config):
    """Return a small architecture of a model type."""
    return architecture_from_config({"model_type": name, **config})[0]


LLAMA = architecture(
    "llama",
    hidden_size=96,
    intermediate_size=240,
    num_hidden_layers=6,
    num_attention_heads=12,
    num_key_value_heads=4,
)
# 25 heads: no even degree of tensor parallelism.
GPT2_XL = architecture("gpt2", n_embd=1600, n_layer=5, n_head=25)
MIXTRAL = architecture(
    "mixtral",
    hidden_size=64,
    intermediate_size=96,
    num_hidden_layers=4,
    num_attention_heads=8,
    num_key_value_heads=2,
    num_local_experts=6,
    num_experts_per_tok=2,
)
DEEPSEEK = architecture(
    "deepseek_v3",
    num_hidden_layers=3,
    num_attention_heads=8,
    hidden_size=64,
    n_routed_experts=16,
    num_experts_per_tok=4,
    n_group=1,
    topk_group=1,
)
LLAMA_405B = architecture_from_config(model("llama-3.1-405b").config)[0]
WIDE = Limits(
    max_tensor_parallel=64,
    min_context_tokens=1,
    context_powers_of_two=False,
    expert_tensor_parallel=(1, 2, 3),
    whole_rounds=False,
    distinct_depths=False,
    schedules=("1f1b", "interleaved", "zero-bubble", "zero-bubble-v", "dualpipe"),
    shard_groups=(2, 8),
    recompute=("none", "full", 0.5),
)
NARROW = Limits(
    max_tensor_parallel=4,
    max_pipeline_parallel=3,
    max_micro_batch_size=2,
    min_context_tokens=512,
    folded_experts=False,
    zero_stages=(1, 3),
    recompute=("selective",),
)
CASES = [
    (LLAMA, 1, 64, 4, Limits(), ""),
    (LLAMA, 8, 4096, 16, Limits(), ""),
    (LLAMA, 24, 4096, 24, Limits(), ""),
    (LLAMA, 64, 8192, 64, Limits(), "recompute=none"),
    (LLAMA, 12, 96, 12, WIDE, "zero=0"),
    (LLAMA, 16, 48, 12, WIDE, "zero=3,recompute=0.25"),
    (LLAMA, 24, 2048, 48, NARROW, ""),
    (LLAMA, 16, 4100, 16, Limits(), "recompute=none"),
    (LLAMA, 36, 4096, 36, Limits(), "tp=12"),
    (LLAMA, 16, 4096, 16, Limits(), "vp=3"),
    (LLAMA, 16, 4096, 24, Limits(), "sp=off,mbs=3"),
    (LLAMA, 16, 4096, 16, Limits(), "dp=4,shard=2,schedule=1f1b"),
    (GPT2_XL, 20, 1024, 20, Limits(), ""),
    (MIXTRAL, 12, 2048, 12, Limits(), ""),
    (MIXTRAL, 12, 4096, 12, NARROW, ""),
    (MIXTRAL, 12, 64, 6, WIDE, "zero=3,recompute=none"),
    (MIXTRAL, 24, 2048, 24, Limits(), "ep=6"),
    (DEEPSEEK, 32, 4096, 32, Limits(), "recompute=full"),
    (DEEPSEEK, 64, 4096, 64, Limits(), "zero=1,recompute=none"),
]


def divisors(number):
    """Return every divisor."""
    return [i for i in range(1, number + 1) if number % i == 0]


def passes(layout, *situation):
    """Return whether check lets a layout pass."""
    try:
        check(layout, *situation)
    except LayoutError:
        return False
    return True


def brute_force(shape, gpus, seq_length, batch, limits, partial):
    """Return every legal layout within the limits, by loops over every combination."""
    fixed, found = partial.given(), set()

    def choices(name, values):
        return [fixed[name]] if name in fixed else values

    experts = max(group.mlp.experts for group in shape.groups)
    for tp, pp, cp, vp in product(
        choices("tensor_parallel", [n for n in divisors(gpus) if n <= limits.max_tensor_parallel]),
        choices("pipeline_parallel", divisors(gpus)),
        choices("context_parallel", divisors(gpus)),
        choices("virtual_stages", range(1, shape.num_layers + 3)),
    ):
        dp = gpus // (tp * pp * cp)
        if not dp or batch % dp or dp != fixed.get("data_parallel", dp):
            continue
        for mbs, ep, etp, schedule in product(
            choices("micro_batch_size", divisors(batch)),
            choices("expert_parallel", divisors(experts) if experts else [1]),
            choices("expert_tensor_parallel", limits.expert_tensor_parallel if experts else [1]),
            choices("schedule", limits.schedules),
        ):
            if (schedule == "1f1b") != (vp == 1) and schedule in ("1f1b", "interleaved"):
                continue
            on = tp > 1 and seq_length % (tp * cp) == 0
            plain = Layout(
                *(tp, pp, vp, dp, cp, ep, etp, mbs, batch),
                sequence_parallel=fixed.get("sequence_parallel", on),
                schedule=schedule,
            )
            if within(plain, limits, fixed, shape, seq_length) and passes(
                plain, shape, gpus, seq_length, batch
            ):
                found |= sharded(plain, limits, fixed, shape, gpus, seq_length)
    return found


def within(layout, limits, fixed, shape, seq_length):
    """Return whether what is free in a layout is within the limits."""
    pp, vp, cp = layout.pipeline_parallel, layout.virtual_stages, layout.context_parallel
    chunks = [-(-shape.num_layers // (pp * depth)) for depth in (vp, max(1, vp - 1))]
    replicas = layout.data_parallel * cp
    rules = {
        "pipeline_parallel": pp <= (limits.max_pipeline_parallel or pp),
        "context_parallel": context_within(cp, seq_length, limits),
        "virtual_stages": vp == 1
        or (
            (chunks[0] < chunks[1] or not limits.distinct_depths)
            and (layout.micro_batches % pp == 0 or not limits.whole_rounds)
        ),
        "micro_batch_size": layout.micro_batch_size <= limits.max_micro_batch_size,
        "expert_parallel": limits.folded_experts or replicas % layout.expert_parallel == 0,
    }
    return all(kept for name, kept in rules.items() if name not in fixed)


def context_within(degree, seq_length, limits):
    """Return whether a degree of context parallelism is within the limits."""
    if degree == 1:
        return True
    power = degree in (2**i for i in range(20))
    return seq_length / degree >= limits.min_context_tokens and (
        power or not limits.context_powers_of_two
    )


def sharded(plain, limits, fixed, shape, gpus, seq_length):
    """Return a layout with every ZeRO stage, shard group and recomputation."""
    whole, found = plain.data_parallel * plain.context_parallel, set()
    stages = limits.zero_stages if whole > 1 else (0,)
    stages = [fixed["zero_stage"]] if "zero_stage" in fixed else stages
    kinds = [fixed["recompute"]] if "recompute" in fixed else limits.recompute
    for zero, kind in product(stages, kinds):
        groups = {whole, *(limits.shard_groups if zero == 3 else ())}
        for group in [fixed["shard_group"]] if "shard_group" in fixed else groups:
            values = {field.name: getattr(plain, field.name) for field in fields(Layout)}
            layout = Layout(
                **values | {"zero_stage": zero, "shard_group": group, "recompute": kind}
            )
            if passes(layout, shape, gpus, seq_length, plain.global_batch_size):
                found.add(layout)
    return found


@pytest.mark.parametrize("case", CASES, ids=[f"{c[0].model_type}-{c[1]}-{c[5]}" for c in CASES])
def test_arrays_equal_loops(case):
    shape, gpus, seq_length, batch, limits, text = case
    partial = read_layout(text) if text else PartialLayout()

    columns = enumerate_layouts(shape, gpus, seq_length, batch, partial, limits)
    found = [to_layout(columns, row) for row in range(columns["schedule"].size)]

    assert len(set(found)) == len(found), "a layout is listed twice"
    assert set(found) == brute_force(shape, gpus, seq_length, batch, limits, partial)


def test_columns_are_floats_of_one_length():
    columns = enumerate_layouts(MIXTRAL, 16, 2048, 32)

    assert tuple(columns) == COLUMNS
    assert {array.dtype for array in columns.values()} == {np.dtype(np.float64)}
    assert len({array.shape for array in columns.values()}) == 1
    assert legal(columns, MIXTRAL, 16, 2048, 32).all()


def test_a_row_and_its_layout_have_the_same_columns():
    columns = enumerate_layouts(MIXTRAL, 16, 2048, 32)

    for row in range(0, columns["schedule"].size, 97):
        expected = {name: array[row] for name, array in columns.items()}
        assert as_columns(to_layout(columns, row), 2048) == expected


# The three rows of Llama 3.1 405B in arXiv 2407.21783, table 4.
TABLE_4 = [
    (8192, 8192, "tp=8,pp=16,cp=1,dp=64,gbs=2048"),
    (16384, 8192, "tp=8,pp=16,cp=1,dp=128,gbs=2048"),
    (16384, 131072, "tp=8,pp=16,cp=16,dp=8,gbs=128"),
]


@pytest.mark.parametrize(("gpus", "seq_length", "text"), TABLE_4)
def test_the_search_reaches_126_layers_on_16_stages(gpus, seq_length, text):
    partial = read_layout(text)
    columns = enumerate_layouts(LLAMA_405B, gpus, seq_length, partial.global_batch_size)
    same = np.ones(columns["schedule"].size, dtype=bool)
    for name, value in partial.given().items():
        same &= columns[name] == value

    # Ceilings of 126 / (16 v) first reached: 8, 4, 3, 2, and 1 with the embedding's two places.
    assert set(columns["virtual_stages"][same]) == {1, 2, 3, 4, 8}
    assert set(columns["sequence_parallel"][same]) == {1}


def test_tensor_parallel_may_cross_the_scale_up_domain_when_allowed():
    inside = enumerate_layouts(LLAMA_405B, 1024, 8192, 256)
    across = enumerate_layouts(LLAMA_405B, 1024, 8192, 256, limits=Limits(max_tensor_parallel=16))

    assert set(inside["tensor_parallel"]) == {1, 2, 4, 8}
    assert set(across["tensor_parallel"]) == {1, 2, 4, 8, 16}


NONE_LEGAL = {
    "tp=8,pp=16,dp=100": ("is 12800 GPUs; needs 16384", "tp=8,pp=16,dp=128,cp=1"),
    "tp=8,pp=16,cp=2,dp=128": ("is 32768 GPUs; needs 16384", "tp=8,pp=16,dp=64,cp=2"),
    "tp=8,pp=127": ("needs 16384, the cluster", "tp=8,pp=64,dp=32"),
    "tp=8,pp=16,mbs=3": ("dp=128 x mbs=3; needs a multiple of 384", "mbs=4"),
    "ep=4": ("the model has none", "ep=1"),
    "tp=8,pp=1,schedule=dualpipe": ("pp=1 is none", "schedule=1f1b"),
    "tp=8,pp=16,vp=4,schedule=dualpipe": ("places its own chunks", "vp=4"),
    "tp=8,pp=16,vp=4,schedule=1f1b": ("needs vp=1", "tp=8,pp=16"),
    "tp=1,sp=on": ("tp=1 is none; needs tp of 2 or more", "tp=1"),
    "tp=8,pp=16,zero=3,shard=7": ("shard=7 does not divide", "zero=3,shard=4"),
    "tp=8,pp=16,dp=128,gbs=64": ("64 sequences is smaller than the dp=128 replicas", "dp=64"),
}


@pytest.mark.parametrize(("text", "says"), NONE_LEGAL.items(), ids=list(NONE_LEGAL))
def test_no_layout_says_the_rule_and_the_nearest(text, says):
    partial = read_layout(text)
    batch = partial.global_batch_size or 2048

    with pytest.raises(LayoutError) as raised:
        enumerate_layouts(LLAMA_405B, 16384, 8192, batch, partial)

    rule, close = str(raised.value).split("Nearest that keeps every rule: ")
    assert says[0] in rule
    assert says[1] in close


UNFILLED = {
    "tp=8,pp=16,dp=100": "tp=8 x pp=16 x dp=100 (cp free) is 12800 GPUs; needs 16384, the cluster, "
    "or a divisor of it. Nearest legal: dp=128.",
    "tp=8,pp=16,cp=1,dp=100": "tp=8 x pp=16 x cp=1 x dp=100 is 12800 GPUs; needs 16384, the "
    "cluster. Nearest legal: dp=128.",
    "dp=100": "dp=100 (tp, pp and cp free) is 100 GPUs; needs 16384, the cluster, or a divisor of "
    "it. Nearest legal: dp=128.",
}


@pytest.mark.parametrize(("text", "says"), UNFILLED.items(), ids=list(UNFILLED))
def test_degrees_that_do_not_fill_the_cluster_are_named_as_given(text, says):
    with pytest.raises(LayoutError) as raised:
        enumerate_layouts(LLAMA_405B, 16384, 8192, 2048, read_layout(text))

    rule, close = str(raised.value).split(" Nearest that keeps every rule: ")
    assert rule == says
    assert "dp=128" in close


@pytest.mark.parametrize("cp", ["", "cp=1,"])
def test_of_a_batch_that_few_replicas_share_no_two_nearest_are_named(cp):
    """2,000 sequences are 16 x 125, so that 128 replicas cannot share them."""
    with pytest.raises(LayoutError) as raised:
        enumerate_layouts(LLAMA_405B, 16384, 8192, 2000, read_layout(f"tp=8,pp=16,{cp}dp=100"))

    assert "is 12800 GPUs" in str(raised.value)
    assert "dp=128" not in str(raised.value)


def test_limits_that_leave_nothing_say_so():
    limits = Limits(max_tensor_parallel=1, max_pipeline_parallel=1, min_context_tokens=10**6)

    with pytest.raises(LayoutError, match="within the limits of this search; widen them"):
        enumerate_layouts(LLAMA, 8, 4096, 4, None, limits)


@pytest.mark.parametrize(
    "limits",
    [{"zero_stages": ()}, {"schedules": ("gpipe",)}, {"recompute": (2,)}, {"zero_stages": (4,)}],
    ids=str,
)
def test_limits_that_cannot_be_are_refused(limits):
    with pytest.raises(LayoutError, match="needs"):
        Limits(**limits)


def test_a_batch_must_be_given_once():
    with pytest.raises(LayoutError, match="No global batch is given; needs"):
        enumerate_layouts(LLAMA, 8, 4096)
    with pytest.raises(LayoutError, match="gbs=8 and the global batch of 16 sequences differ"):
        enumerate_layouts(LLAMA, 8, 4096, 16, read_layout("gbs=8"))


def test_a_cluster_that_nothing_fits_has_no_nearest():
    # 7 divides neither 12 heads nor 64 tokens, 6 layers make no 7 stages, 1 sequence no 7 replicas.
    assert nearest_legal(PartialLayout(), LLAMA, 7, 64, 1) is None
    with pytest.raises(LayoutError, match="No layout at all is legal here"):
        enumerate_layouts(LLAMA, 7, 64, 1)


def test_rows_with_both_kinds_of_recomputation_are_no_layout():
    columns = enumerate_layouts(LLAMA, 8, 4096, 8)
    columns["recompute_full"] = np.full_like(columns["recompute_full"], 0.5)
    columns["recompute_selective"] = np.full_like(columns["recompute_selective"], 0.5)

    with pytest.raises(LayoutError, match="of the layers selective"):
        to_layout(columns, 0)


sizes = st.sampled_from([None, None, 1, 2, 3, 4, 8, 12])


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        PartialLayout,
        **dict.fromkeys(COLUMNS[:8], sizes),
        zero_stage=st.none() | st.integers(0, 3),
        sequence_parallel=st.none() | st.booleans(),
        schedule=st.sampled_from([None, "1f1b", "interleaved", "zero-bubble", "dualpipe"]),
        shard_group=sizes,
    ),
    st.sampled_from([LLAMA, GPT2_XL, MIXTRAL]),
    st.sampled_from([1, 12, 16, 24]),
)
def test_the_nearest_layout_is_legal_and_a_refusal_has_a_reason(partial, shape, gpus):
    close = nearest_legal(partial, shape, gpus, 4096, 48)
    check(close, shape, gpus, 4096, 48)

    first, stated = None, partial.given()
    try:
        first = to_layout(enumerate_layouts(shape, gpus, 4096, 48, partial), 0)
    except LayoutError as error:
        message = str(error)

    if first is None:
        assert "needs" in message or "widen" in message
    else:
        assert {name: getattr(first, name) for name in stated} == stated


def test_the_nearest_to_a_legal_layout_is_itself():
    layout = Layout(
        *(2, 3, 2, 2, 2, 1, 1, 1, 12), zero_stage=1, sequence_parallel=True, recompute="full"
    )

    assert nearest_legal(layout, LLAMA, 24, 4096) == layout
