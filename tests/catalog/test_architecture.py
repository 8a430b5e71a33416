"""Exact counts from a config.json, against the reference implementation's own."""

import csv
import json
from functools import cache
from pathlib import Path

import pytest

from llmcost.catalog.architecture import architecture_from_config
from llmcost.catalog.model_types import supported
from llmcost.counting import count
from llmcost.errors import InputError

COUNTS = Path(__file__).parent.parent / "papers" / "parameter_counts.csv"
LLAMA = {"model_type": "llama"}


@cache
def rows():
    with COUNTS.open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))


def counted(config):
    return count(architecture_from_config(config)[0])


def released(name):
    found = next(row for row in rows() if row["origin"] == "released" and row["id"] == name)
    return json.loads(found["config"]), int(found["parameters"])


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['id']} ({row['origin']})")
def test_counts_are_exact_to_the_last_weight(row):
    counts = counted(json.loads(row["config"]))

    assert counts.parameters == int(row["parameters"])
    assert counts.active_parameters == int(row["active_parameters"])
    if row["parameters_without_lookup"]:
        assert counts.active_parameters_without_lookup == int(row["parameters_without_lookup"])


def test_every_supported_type_is_in_the_table_of_expected_counts():
    complete = {row["id"] for row in rows() if row["origin"] == "complete defaults"}

    assert complete == set(supported())


@pytest.mark.parametrize(
    "row",
    [row for row in rows() if row["origin"] == "complete defaults"],
    ids=lambda row: row["id"],
)
def test_a_complete_saved_config_gives_no_warning(row):
    config = json.loads(row["config"])
    expects_note = bool(config.get("num_nextn_predict_layers"))

    warnings = architecture_from_config(config)[1]

    assert all("num_nextn_predict_layers" in text for text in warnings)
    assert len(warnings) == expects_note


def test_an_empty_llama_config_takes_the_defaults_of_llama_7b():
    """6,738,415,616 is the published size of Llama 7B, whose shape is the type's default."""
    assert counted(LLAMA).parameters == 6_738_415_616


def test_an_unknown_field_is_named_in_a_warning():
    warnings = architecture_from_config(LLAMA | {"num_secret_layers": 3})[1]

    assert len(warnings) == 1
    assert "'num_secret_layers'" in warnings[0]


def test_a_field_of_another_type_that_matters_there_is_not_silent():
    assert "'num_experts'" in architecture_from_config(LLAMA | {"num_experts": 8})[1][0]


def test_a_field_that_only_says_no_is_silent():
    assert architecture_from_config({"model_type": "phi3", "attention_bias": False})[1] == ()


@pytest.mark.parametrize("field", ["torch_dtype", "rope_theta", "bos_token_id", "architectures"])
def test_fields_that_change_no_count_are_silent(field):
    assert architecture_from_config(LLAMA | {field: 1})[1] == ()


def test_layers_predicting_further_tokens_are_noted_and_not_counted():
    config, expected = released("deepseek-v3")

    architecture, warnings = architecture_from_config(config | {"num_nextn_predict_layers": 1})

    assert count(architecture).parameters == expected
    assert "not counted" in warnings[0]


def test_what_the_reference_class_ignores_is_warned_about():
    warnings = architecture_from_config({"model_type": "mpt", "expansion_ratio": 3})[1]

    assert "expansion_ratio" in warnings[0]


def test_an_unsupported_type_names_itself_its_fields_and_near_types():
    with pytest.raises(InputError) as raised:
        architecture_from_config({"model_type": "mamba", "state_size": 16, "hidden_size": 64})

    message = str(raised.value)
    assert "'mamba'" in message
    assert "'state_size'" in message
    assert "nearest supported types" in message


@pytest.mark.parametrize("model_type", [None, "", 7, [], {"a": 1}])
def test_a_missing_model_type_is_refused(model_type):
    with pytest.raises(InputError, match="model_type"):
        architecture_from_config({"model_type": model_type, "hidden_size": 64})


OLDER = {
    "falcon-40b": {
        "model_type": "RefinedWeb",
        "hidden_size": 8192,
        "n_head": 128,
        "n_head_kv": 8,
        "n_layer": 60,
        "parallel_attn": True,
        "bias": False,
        "alibi": False,
        "vocab_size": 65024,
    },
    "falcon-7b": {
        "model_type": "RefinedWebModel",
        "hidden_size": 4544,
        "n_head": 71,
        "n_layer": 32,
        "multi_query": True,
        "parallel_attn": True,
        "bias": False,
        "vocab_size": 65024,
    },
    "bloom": {
        "model_type": "bloom",
        "n_embed": 14336,
        "n_layer": 70,
        "num_attention_heads": 112,
        "vocab_size": 250880,
        "masked_softmax_fusion": True,
        "attention_softmax_in_fp32": True,
        "bias_dropout_fusion": True,
        "offset_alibi": 100,
        "seq_length": 2048,
        "skip_bias_add": True,
    },
    "gpt2": {
        "model_type": "gpt2",
        "hidden_size": 768,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
        "max_position_embeddings": 1024,
        "n_ctx": 1024,
        "vocab_size": 50257,
    },
}


@pytest.mark.parametrize("name", OLDER)
def test_older_spellings_on_public_hubs_are_understood(name):
    architecture, warnings = architecture_from_config(OLDER[name])

    assert warnings == ()
    assert count(architecture).parameters == released(name)[1]


def test_kimi_k2_is_counted_as_the_deepseek_v3_that_it_is():
    config, expected = released("kimi-k2")

    assert counted(config | {"model_type": "kimi_k2"}).parameters == expected


def test_two_spellings_of_one_field_may_agree():
    config, expected = released("gpt2")

    assert counted(config | {"hidden_size": config["n_embd"]}).parameters == expected


def test_two_spellings_of_one_field_that_disagree_are_refused():
    with pytest.raises(InputError, match=r"'n_embd' and 'hidden_size'|'hidden_size' and 'n_embd'"):
        architecture_from_config({"model_type": "gpt2", "n_embd": 768, "hidden_size": 64})


TEXT = {
    "hidden_size": 64,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 99,
    "head_dim": 16,
}
LLAMA_4_TEXT = TEXT | {"intermediate_size_mlp": 50, "num_local_experts": 4}
WRAPPED = [
    ("gemma3", TEXT, None, None, 71_776),
    ("gemma3", TEXT, None, False, 71_776),
    ("gemma3", TEXT, False, True, 78_112),
    ("llama4", LLAMA_4_TEXT, None, None, 188_992),
    ("llama4", LLAMA_4_TEXT, True, None, 188_992),
    ("llama4", LLAMA_4_TEXT, False, True, 182_656),
    ("mistral3", TEXT, None, None, 71_296),
    ("mistral3", TEXT, False, True, 77_632),
]


@pytest.mark.parametrize(("wrapper", "text", "outer", "inner", "expected"), WRAPPED)
def test_a_wrapper_counts_its_text_decoder_only(wrapper, text, outer, inner, expected):
    """Expected: transformers 5.23.0's wrapper class, less its vision tower and projector."""
    text = text | ({} if inner is None else {"tie_word_embeddings": inner})
    config = {"model_type": wrapper, "text_config": text, "vision_config": {"hidden_size": 32}}
    config |= {} if outer is None else {"tie_word_embeddings": outer}

    architecture, warnings = architecture_from_config(config)

    assert count(architecture).parameters == expected
    assert "only the text decoder" in warnings[0]


def spans(config):
    groups = architecture_from_config(config)[0].groups
    return [
        (group.count, group.attention.kind, group.attention.span, group.mlp.kind)
        for group in groups
    ]


def test_every_sixth_layer_of_gemma_3_sees_everything():
    config = {"model_type": "gemma3_text", "num_hidden_layers": 8, "sliding_window": 512}

    assert spans(config) == [
        (5, "window", 512, "dense"),
        (1, "full", 0, "dense"),
        (2, "window", 512, "dense"),
    ]


def test_llama_4_alternates_dense_and_expert_layers_and_chunks():
    config = {
        "model_type": "llama4_text",
        "num_hidden_layers": 4,
        "interleave_moe_layer_step": 2,
        "attention_chunk_size": 8192,
    }

    assert spans(config) == [
        (1, "chunk", 8192, "dense"),
        (1, "chunk", 8192, "moe"),
        (1, "chunk", 8192, "dense"),
        (1, "full", 0, "moe"),
    ]


def test_listed_layer_types_win_over_the_pattern():
    kinds = ["full_attention", "full_attention", "sliding_attention"]
    config = {"model_type": "qwen3", "num_hidden_layers": 3, "layer_types": kinds}
    config |= {"use_sliding_window": True, "sliding_window": 128}

    assert spans(config) == [(2, "full", 0, "dense"), (1, "window", 128, "dense")]


@pytest.mark.parametrize("model_type", ["qwen2", "qwen2_moe", "qwen3", "smollm3"])
def test_a_window_that_is_switched_off_is_none(model_type):
    """As the reference implementation: listed layer types do not switch it on again."""
    config = {"model_type": model_type, "num_hidden_layers": 1, "sliding_window": 128}
    config |= {"layer_types": ["sliding_attention"], "use_sliding_window": False}

    assert [span[:3] for span in spans(config)] == [(1, "full", 0)]


def test_qwen_windows_begin_above_max_window_layers():
    config = {"model_type": "qwen2", "num_hidden_layers": 5, "use_sliding_window": True}
    config |= {"sliding_window": 128, "max_window_layers": 3}

    assert spans(config) == [(3, "full", 0, "dense"), (2, "window", 128, "dense")]


def test_deepseek_begins_with_dense_layers():
    assert [(n, mlp) for n, _, _, mlp in spans(released("deepseek-v3")[0])] == [
        (3, "dense"),
        (58, "moe"),
    ]


def test_linear_attention_among_the_layer_types_is_refused():
    config = {"model_type": "qwen3", "num_hidden_layers": 1, "layer_types": ["linear_attention"]}

    with pytest.raises(InputError, match="not softmax attention"):
        architecture_from_config(config)
