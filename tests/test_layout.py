"""Layouts as text and records, and the rules that make one legal."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.catalog.architecture import architecture_from_config
from llmcost.errors import LayoutError
from llmcost.layout import (
    COLUMNS,
    RECOMPUTE,
    RULES,
    SCHEDULES,
    Layout,
    PartialLayout,
    Situation,
    as_columns,
    check,
    layout_text,
    legal,
    notes,
    read_layout,
    situation,
)
from llmcost.layout.rules import first_broken

THROUGHPUT = Path(__file__).parent.parent / "data" / "throughput.csv"


def dense(layers=32, heads=32, kv_heads=8, width=14336):
    """Return a dense architecture of the Llama kind."""
    config = {"model_type": "llama", "hidden_size": 128 * heads, "intermediate_size": width}
    config |= {"num_hidden_layers": layers, "num_attention_heads": heads}
    return architecture_from_config(config | {"num_key_value_heads": kv_heads})[0]


def mixture(layers=32, heads=32, kv_heads=8, experts=8, width=14336):
    """Return an architecture of the Mixtral kind."""
    config = {"model_type": "mixtral", "hidden_size": 128 * heads, "intermediate_size": width}
    config |= {"num_hidden_layers": layers, "num_attention_heads": heads}
    config |= {"num_local_experts": experts, "num_experts_per_tok": 2}
    return architecture_from_config(config | {"num_key_value_heads": kv_heads})[0]


LLAMA_405B = dense(layers=126, heads=128, width=53248)
FULL_TEXT = (
    "tp=8,pp=16,dp=128,cp=1,vp=4,mbs=1,gbs=2048,zero=1,sp=on,recompute=none,schedule=dualpipe"
)
FULL = {
    "tensor_parallel": 8,
    "pipeline_parallel": 16,
    "data_parallel": 128,
    "context_parallel": 1,
    "virtual_stages": 4,
    "micro_batch_size": 1,
    "global_batch_size": 2048,
    "zero_stage": 1,
    "sequence_parallel": True,
    "recompute": "none",
    "schedule": "dualpipe",
}
META = {"tensor_parallel": 8, "pipeline_parallel": 16, "context_parallel": 1, "data_parallel": 64}
SPELLINGS = {
    FULL_TEXT: FULL,
    FULL_TEXT.upper(): FULL,
    FULL_TEXT.replace(",", "; "): FULL,
    FULL_TEXT.replace(",", " "): FULL,
    "TP 8, PP 16, CP 1, DP 64": META,
    "TP8 x PP16 x CP1 x DP64": META,
    "tp8xpp16xcp1xdp64": META,
    "TP=8 × PP=16 × CP=1 × DP=64": META,
    "tp = 8 ; pp: 16 ;cp=1, dp=64": META,
    "tensor-parallel=8 pipeline_parallel=16 context_parallel=1,data_parallel=64,": META,
    "vpp=2": {"virtual_stages": 2},
    "ac=full": {"recompute": "full"},
    "recompute=0.25": {"recompute": 0.25},
    "recompute=25%": {"recompute": 0.25},
    "sp=no": {"sequence_parallel": False},
    "sp yes": {"sequence_parallel": True},
    "ep 8, etp 2, shard 16": {
        "expert_parallel": 8,
        "expert_tensor_parallel": 2,
        "shard_group": 16,
    },
    "schedule=ZB-V": {"schedule": "zero-bubble-v"},
    "schedule=zero_bubble": {"schedule": "zero-bubble"},
    "schedule 1F1B": {"schedule": "1f1b"},
}


@pytest.mark.parametrize(("text", "parts"), SPELLINGS.items(), ids=list(SPELLINGS))
def test_spellings(text, parts):
    assert read_layout(text).given() == parts


UNREADABLE = {
    "": "needs parts such as tp=8,pp=16,dp=128",
    " ,; ": "needs parts such as tp=8,pp=16,dp=128",
    "tp=8," * 101: "needs parts such as tp=8,pp=16,dp=128",
    "tpp=8": "Unknown part 'tpp' of a layout. Did you mean tp",
    "tensor_paralel=8": "Did you mean tensor_parallel",
    "8": "Unknown part '8' of a layout",
    "tp=8,pp=2,tensor_parallel=4": "gives tensor_parallel twice, the second time as",
    "tp=8,tp=8": "gives tensor_parallel twice",
    "tp=0": "tensor_parallel: got 0; needs a whole number of 1 or more",
    "tp=-8": "tensor_parallel: got -8; needs a whole number of 1 or more",
    "tp=8.5": "tp: got '8.5'; needs a whole number, as in tp=1.",
    "tp=eight": "tp: got 'eight'; needs a whole number",
    "tp=99999999999999": "needs a whole number",
    "tp=9999999999": "needs a whole number of 1 or more, at most 1e9",
    "tp": "'tp' has no value; needs one",
    "tp pp=8": "'tp' has no value; needs one",
    "tp=,pp=8": "'tp' has no value; needs one",
    "gbs=2,048": "Unknown part '048'",
    "zero=4": "zero_stage: got 4; needs a whole number from 0 to 3.",
    "sp=maybe": "sp: got 'maybe'; needs on or off.",
    "recompute=selectve": "Did you mean selective?",
    "recompute=120%": "needs a share of layers from 0 to 1",
    "schedule=1f1": "Did you mean 1f1b",
    "schedule=gpipe": "schedule: got 'gpipe'; needs 1f1b, interleaved, zero-bubble",
}


@pytest.mark.parametrize(("text", "message"), UNREADABLE.items(), ids=lambda text: text[:20])
def test_what_cannot_be_read_says_why(text, message):
    with pytest.raises(LayoutError) as raised:
        read_layout(text)

    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@given(st.text(max_size=60) | st.text("tp=, x8fxk;e1.%-", max_size=30))
def test_any_text_is_read_or_refused(text):
    try:
        message = layout_text(read_layout(text))
    except LayoutError as error:
        message = str(error)

    assert 0 < len(message) < 500


degrees = st.integers(1, 10**9)
partial_layouts = st.builds(
    PartialLayout,
    **{name: st.none() | degrees for name in COLUMNS[:10]},
    zero_stage=st.none() | st.integers(0, 3),
    sequence_parallel=st.none() | st.booleans(),
    recompute=st.none() | st.sampled_from(RECOMPUTE) | st.sampled_from([0.25, 0.5, 1 / 128]),
    schedule=st.none() | st.sampled_from(SCHEDULES),
).filter(lambda partial: partial.given())


@given(partial_layouts)
def test_text_of_a_layout_reads_back(partial):
    assert read_layout(layout_text(partial)) == partial


def test_schedule_and_shard_group_follow_from_the_rest():
    layout = Layout(data_parallel=4, context_parallel=2, pipeline_parallel=2, virtual_stages=3)

    assert (layout.schedule, layout.shard_group, layout.devices) == ("interleaved", 8, 16)
    assert Layout().schedule == "1f1b"


@pytest.mark.parametrize(
    "fields",
    [
        {"virtual_stages": 1, "schedule": "interleaved"},
        {"virtual_stages": 2, "schedule": "1f1b", "pipeline_parallel": 2},
        {"tensor_parallel": 0},
        {"tensor_parallel": 2.0},
        {"tensor_parallel": True},
        {"sequence_parallel": "on"},
        {"recompute": True},
        {"recompute": -0.5},
        {"recompute": float("nan")},
    ],
    ids=str,
)
def test_a_record_refuses_what_no_layout_can_have(fields):
    with pytest.raises(LayoutError, match="needs"):
        Layout(**fields)


def test_columns_of_a_layout():
    layout = Layout(2, 4, 3, 8, 2, 4, 1, 1, 64, 3, 8, True, 0.25)
    columns = as_columns(layout, 4096)

    assert tuple(columns) == COLUMNS
    assert all(isinstance(value, float) for value in columns.values())
    assert (columns["shard_group"], columns["seq_length"], columns["schedule"]) == (8, 4096, 0)
    assert (columns["recompute_selective"], columns["recompute_full"]) == (0, 0.25)


# Layout text, GPUs, sequence length, architecture, and what the message says; worked out by hand.
BROKEN = [
    ("tp=8,pp=16,dp=100", 16384, 8192, LLAMA_405B, "is 12800 GPUs; needs 16384, the cluster."),
    ("tp=8,pp=16,dp=100", 16384, 8192, LLAMA_405B, "Nearest legal: dp=128."),
    ("tp=8,pp=12,dp=1", 128, 8192, LLAMA_405B, "Nearest legal: pp=8 or pp=16."),
    ("tp=6,pp=5,dp=1", 64, 8192, LLAMA_405B, "is 30 GPUs; needs 64, the cluster."),
    ("tp=12,gbs=1", 12, 8192, dense(), "does not divide the 32 attention heads"),
    ("tp=12,gbs=1", 12, 8192, dense(), "Nearest legal: tp=8 or tp=16."),
    (
        "tp=4",
        4,
        8192,
        dense(heads=12, kv_heads=6, width=11520),
        "neither divides the 6 key-value heads",
    ),
    ("tp=4", 4, 8192, dense(heads=12, kv_heads=6, width=11520), "Nearest legal: tp=3 or tp=6."),
    ("tp=4", 4, 8192, dense(width=11006), "does not divide the MLP width of the model (11006)"),
    ("pp=64", 64, 8192, dense(), "pp=64 is more stages than the model's 32 layers"),
    ("pp=64", 64, 8192, dense(), "Nearest legal: pp=32."),
    ("vp=2", 1, 8192, dense(), "vp=2 interleaves a pipeline, and pp=1 is none"),
    ("pp=8,vp=5", 8, 8192, dense(), "is 40 chunks; needs at most 34"),
    ("pp=8,vp=5", 8, 8192, dense(), "Nearest legal: vp=4."),
    ("schedule=zero-bubble", 1, 8192, dense(), "pp=1 is none"),
    ("pp=4,vp=2,schedule=dualpipe,gbs=8", 4, 8192, dense(), "places its own chunks"),
    ("pp=32,schedule=zero-bubble-v,gbs=64", 32, 8192, dense(), "Nearest legal: pp=16."),
    ("dp=8,gbs=4", 8, 8192, dense(), "of 4 sequences is smaller than the dp=8 replicas"),
    ("dp=8,gbs=4", 8, 8192, dense(), "Nearest legal: gbs=8."),
    ("dp=8,mbs=3,gbs=64", 8, 8192, dense(), "Nearest legal: gbs=48 or gbs=72."),
    ("dp=8,mbs=3,gbs=64", 8, 8192, dense(), "With this batch: mbs=2 or mbs=4."),
    ("pp=3,schedule=dualpipe,gbs=6", 3, 8192, dense(), "Nearest legal: pp=2 or pp=4."),
    ("pp=4,schedule=dualpipe,gbs=7", 4, 8192, dense(), "Nearest legal: gbs=6 or gbs=8."),
    ("dp=8,ep=8,gbs=8", 8, 8192, dense(), "the model has none; needs 1 for both."),
    ("dp=6,ep=6,gbs=6", 6, 8192, mixture(), "ep=6 does not divide the 8 experts"),
    ("dp=6,ep=6,gbs=6", 6, 8192, mixture(), "Nearest legal: ep=4 or ep=8."),
    ("dp=4,ep=8,gbs=4", 4, 8192, mixture(), "does not divide the 4 GPUs of a stage"),
    ("dp=4,ep=8,gbs=4", 4, 8192, mixture(), "Nearest legal: ep=4."),
    ("dp=3,etp=3,gbs=3", 3, 8192, mixture(), "Nearest legal: etp=2 or etp=4."),
    ("cp=4", 4, 4100, dense(), "does not split into 2 x cp=8 chunks; needs a multiple of 8."),
    ("cp=4", 4, 4100, dense(), "Nearest legal: cp=2 or cp=5. Or a sequence of 4096 or 4104"),
    ("sp=on", 1, 8192, dense(), "and tp=1 is none; needs tp of 2 or more"),
    ("tp=8,sp=on", 8, 8190, dense(), "Or a sequence of 8184 or 8192 tokens."),
    ("tp=8,cp=2,sp=on", 16, 8200, dense(), "needs a multiple of 16. Nearest legal: sp=off."),
    ("dp=8,zero=3,shard=3,gbs=8", 8, 8192, dense(), "Nearest legal: shard=2 or shard=4."),
    ("dp=8,zero=0,shard=4,gbs=8", 8, 8192, dense(), "Nearest legal: zero=1, or shard=8."),
]


def refusal(text, gpus, seq_length, architecture):
    """Return the message of refusing a layout."""
    with pytest.raises(LayoutError) as raised:
        check(Layout(**read_layout(text).given()), architecture, gpus, seq_length)
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "gpus", "seq_length", "architecture", "says"),
    BROKEN,
    ids=[f"{row[0]}: {row[4]}" for row in BROKEN],
)
def test_a_broken_rule_says_what_is_needed(text, gpus, seq_length, architecture, says):
    message = refusal(text, gpus, seq_length, architecture)

    assert says in message
    assert "needs" in message
    assert "\n" not in message


def test_two_global_batches_are_refused():
    with pytest.raises(LayoutError, match="gbs=8 and the global batch of 16 sequences differ"):
        check(Layout(data_parallel=8, global_batch_size=8), dense(), 8, 8192, 16)


@pytest.mark.parametrize("gpus", [0, -1, 2.0, True, None], ids=str)
def test_a_cluster_is_a_whole_number(gpus):
    with pytest.raises(LayoutError, match=r"num_gpus: got .* needs a whole number of 1 or more"):
        check(Layout(), dense(), gpus, 8192)


# Llama 3.1 405B (arXiv 2407.21783, table 4) and DeepSeek-V3 (arXiv 2412.19437, section 3.1).
PUBLISHED = [
    ("tp=8,pp=16,cp=1,dp=64,gbs=2048,sp=on,zero=2", 8192, 8192, LLAMA_405B),
    ("tp=8,pp=16,cp=1,dp=128,gbs=2048,sp=on,zero=2,vp=8", 16384, 8192, LLAMA_405B),
    ("tp=8,pp=16,cp=16,dp=8,gbs=128,sp=on,zero=2", 16384, 131072, LLAMA_405B),
    (
        "pp=16,dp=128,ep=64,gbs=15360,zero=1,schedule=dualpipe",
        2048,
        4096,
        mixture(61, 128, 128, 256, 2048),
    ),
]


# At the edge of a rule, worked out by hand.
JUST_LEGAL = [
    ("tp=16", 16, 8192, dense(kv_heads=8)),
    ("pp=32", 32, 8192, dense(layers=32)),
    ("pp=2,vp=17", 2, 8192, dense(layers=32)),
    ("pp=17,schedule=zero-bubble-v", 17, 8192, dense(layers=32)),
    ("dp=8,zero=1,shard=4,gbs=8", 8, 8192, dense()),
    ("tp=2,dp=4,ep=8,gbs=4", 8, 8192, mixture(experts=8)),
    ("tp=8,cp=2,sp=off", 16, 8200, dense()),
    ("pp=4,vp=2,gbs=6", 4, 8192, dense()),
]


@pytest.mark.parametrize(("text", "gpus", "seq_length", "architecture"), [*PUBLISHED, *JUST_LEGAL])
def test_published_layouts_and_edges_are_legal(text, gpus, seq_length, architecture):
    check(Layout(**read_layout(text).given()), architecture, gpus, seq_length)


def _measured_layouts():
    """Yield the id, layout and situation of each complete, unquestioned row of the data file."""
    with THROUGHPUT.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    keys = ("tp", "pp", "dp", "cp", "micro_batch", "global_batch_seqs", "n_layers", "n_heads")
    for row in rows:
        if row["quality_flag"] or not all(row[key] for key in keys):
            continue
        number = {key: int(row[key] or 0) for key in (*keys, "vpp", "ep", "n_experts")}
        layout = Layout(
            tensor_parallel=number["tp"],
            pipeline_parallel=number["pp"],
            virtual_stages=number["vpp"] or 1,
            data_parallel=number["dp"],
            context_parallel=number["cp"],
            expert_parallel=number["ep"] or 1,
            micro_batch_size=number["micro_batch"],
            global_batch_size=number["global_batch_seqs"],
            sequence_parallel=row["sequence_parallel"] == "yes",
        )
        seen = (int(row[key]) if row[key] else 0 for key in ("n_gpus", "seq_len"))
        kv_heads = int(row["n_kv_heads"] or number["n_heads"])
        experts = (number["n_experts"],) if number["n_experts"] else ()
        yield (
            row["id"],
            layout,
            Situation(
                *seen,
                layout.global_batch_size,
                number["n_layers"],
                heads=(number["n_heads"],),
                kv_heads=(kv_heads,),
                widths=(int(row["ffn_hidden"]),) if row["ffn_hidden"] and not experts else (),
                experts=experts,
                expert_widths=(),
            ),
        )


# It says pp=8, which leaves 32 GPUs a stage for ep=64; its 32 steps of accumulation mean pp=4.
MISPRINTED = {"mbridge-25.09-008"}


def test_measured_layouts_are_legal():
    broken = {
        name: rule.name
        for name, layout, where in _measured_layouts()
        if (rule := first_broken(layout, where)) is not None
    }

    assert set(broken) == MISPRINTED, broken


small = st.sampled_from([1, 1, 1, 2, 2, 3, 4, 6, 8])
layout_fields = dict.fromkeys(COLUMNS[:8], small) | {
    "global_batch_size": st.sampled_from([1, 6, 8, 12, 24, 64]),
    "zero_stage": st.integers(0, 3),
    "shard_group": st.none() | small,
    "sequence_parallel": st.booleans(),
    "recompute": st.sampled_from([*RECOMPUTE, 0.5]),
}
architectures = st.sampled_from(
    [dense(4, 8, 2, 48), dense(7, 12, 6, 36), mixture(6, 8, 8, 8, 24), mixture(6, 8, 4, 6, 16)]
)


@st.composite
def layouts(draw):
    """Return a layout of small degrees, legal or not."""
    fields = {name: draw(strategy) for name, strategy in layout_fields.items()}
    plain = "interleaved" if fields["virtual_stages"] > 1 else "1f1b"
    schedule = draw(st.sampled_from([plain, plain, plain, *SCHEDULES[2:]]))
    return Layout(**fields, schedule=schedule)


def passes(layout, *situation):
    """Return whether check lets a layout pass."""
    try:
        check(layout, *situation)
    except LayoutError:
        return False
    return True


@settings(max_examples=300)
@given(
    st.lists(layouts(), min_size=1, max_size=8),
    architectures,
    st.sampled_from([16, 48, 60, 64]),
)
def test_legal_agrees_with_check(found, architecture, seq_length):
    gpus, batch = found[0].devices, found[0].global_batch_size
    rows = [as_columns(layout, seq_length) for layout in found]
    columns = {name: np.array([row[name] for row in rows]) for name in COLUMNS}

    expected = [passes(layout, architecture, gpus, seq_length, batch) for layout in found]

    assert legal(columns, architecture, gpus, seq_length, batch).tolist() == expected


def test_legal_refuses_rows_that_no_record_can_hold():
    columns = as_columns(Layout(data_parallel=4, global_batch_size=8), 4096)
    columns["micro_batch_size"] = np.array([1.0, 2.0, 3.0, 0.0, -1.0, 0.5, np.nan, np.inf])

    found = legal(columns, dense(), 4, 4096, 8)

    assert found.tolist() == [True, True, False, False, False, False, False, False]


def test_every_rule_has_a_case_in_this_file():
    cases = [(text, where) for text, *where, _ in BROKEN]
    seen = set()
    for text, (gpus, seq_length, architecture) in cases:
        layout = Layout(**read_layout(text).given())
        batch = layout.global_batch_size
        seen.add(first_broken(layout, situation(architecture, gpus, seq_length, batch)).name)

    assert seen | {"batch"} == {rule.name for rule in RULES}


NOTED = {
    "tp=16,gbs=8": ["tp=16 repeats the 8 key-value heads 2 times", "tp=16 reaches beyond the 8"],
    "pp=2,zero=3,gbs=8": ["zero=3 with pp=2 moves weights and gradients", "nothing to shard over"],
    "pp=2,vp=17,gbs=8": ["34 chunks: the embedding and the output layer"],
    "pp=3,gbs=8": ["32 layers on pp=3 stages"],
    "pp=4,vp=2,gbs=6": ["6 micro-batches do not fill whole rounds of pp=4"],
    "pp=8,gbs=4": ["4 micro-batches leave some of pp=8 stages idle"],
    "tp=4,dp=2,gbs=8": [],
    "tp=4,dp=2,gbs=8,ep=8": ["ep=8 spreads experts over the tensor-parallel groups"],
}


@pytest.mark.parametrize(("text", "said"), NOTED.items(), ids=list(NOTED))
def test_notes_on_unusual_layouts(text, said):
    layout = Layout(**read_layout(text).given())

    found = notes(layout, mixture(), layout.devices, 8192, scale_up_domain=8)

    assert len(found) == len(said)
    assert all(part in note for part, note in zip(said, found, strict=True))
