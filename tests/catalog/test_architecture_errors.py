"""Configs that cannot be: one clear InputError each, and never anything else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.catalog.architecture import Architecture, architecture_from_config
from llmcost.catalog.model_types import known_names, model_type, supported
from llmcost.counting import count
from llmcost.errors import InputError

WRONG = [
    ("hidden_size", "4096"),
    ("hidden_size", 4096.0),
    ("hidden_size", True),
    ("hidden_size", [4096]),
    ("hidden_size", None),
    ("hidden_size", 0),
    ("hidden_size", -1),
    ("hidden_size", 10**10),
    ("num_hidden_layers", 0),
    ("num_hidden_layers", -3),
    ("num_hidden_layers", 100_001),
    ("num_hidden_layers", float("nan")),
    ("num_hidden_layers", float("inf")),
    ("num_attention_heads", {}),
    ("num_attention_heads", 10**6),
    ("num_key_value_heads", 0),
    ("num_key_value_heads", 5),
    ("head_dim", "128"),
    ("intermediate_size", None),
    ("vocab_size", []),
    ("tie_word_embeddings", "true"),
    ("tie_word_embeddings", 1),
    ("attention_bias", "no"),
]


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_value_says_which_field_what_it_is_and_what_is_needed(field, value):
    with pytest.raises(InputError) as raised:
        architecture_from_config({"model_type": "llama", field: value})

    message = str(raised.value)
    assert field in message
    assert "needs" in message
    assert "\n" not in message
    assert len(message) < 400


def test_heads_that_do_not_divide_the_hidden_size_are_refused():
    with pytest.raises(InputError, match="a divisor of the hidden size, 4096"):
        architecture_from_config({"model_type": "llama", "num_attention_heads": 30})


def test_the_spelling_of_the_user_is_named():
    with pytest.raises(InputError, match="'n_embd'"):
        architecture_from_config({"model_type": "gpt2", "n_embd": "wide"})


def test_more_experts_a_token_than_experts_are_refused():
    with pytest.raises(InputError, match="at most 8"):
        architecture_from_config({"model_type": "mixtral", "num_experts_per_tok": 9})


def test_a_decoder_with_cross_attention_is_refused():
    with pytest.raises(InputError, match="add_cross_attention"):
        architecture_from_config({"model_type": "gpt2", "add_cross_attention": True})


@pytest.mark.parametrize("value", [3, "x", ["full_attention"], [["full_attention"]], [None] * 32])
def test_layer_types_that_do_not_fit_are_refused(value):
    with pytest.raises(InputError, match=r"layer_types|layer type"):
        architecture_from_config({"model_type": "qwen3", "layer_types": value})


@pytest.mark.parametrize("inner", [3, "x", [], {"model_type": 4}, {"text_config": {}}])
def test_a_text_config_that_is_none_is_refused(inner):
    with pytest.raises(InputError):
        architecture_from_config({"model_type": "llava", "text_config": inner})


@pytest.mark.parametrize("outer", ["llava", "my_new_vlm", "t5", "llama"])
def test_a_wrapper_whose_ties_are_not_known_is_refused(outer):
    config = {"model_type": outer, "hidden_size": 64, "text_config": {"model_type": "llama"}}

    with pytest.raises(InputError, match="text_config"):
        architecture_from_config(config)


def test_decoder_fields_beside_a_text_config_are_a_warning():
    config = {"model_type": "gemma3", "hidden_size": 64, "text_config": {}}
    _, warnings = architecture_from_config(config)

    assert any("hidden_size" in text for text in warnings)


def test_a_wrapper_without_its_text_config_says_so():
    with pytest.raises(InputError, match="no 'text_config'"):
        architecture_from_config({"model_type": "gemma3", "hidden_size": 64})


def test_one_number_for_every_layer_may_be_a_list_of_equals():
    """Published Hunyuan configurations state moe_topk once a layer."""
    config = {"model_type": "hunyuan_v1_moe", "num_experts": 4}
    one, many = ({**config, "moe_topk": k} for k in (2, [2] * 32))

    assert architecture_from_config(one) == architecture_from_config(many)
    with pytest.raises(InputError, match="same number for every layer"):
        architecture_from_config({**config, "moe_topk": [2, 1]})


@pytest.mark.parametrize("config", [None, 3, "llama", [], [("model_type", "llama")]])
def test_what_is_not_a_table_is_refused(config):
    with pytest.raises(InputError):
        architecture_from_config(config)


def test_a_section_that_is_not_a_table_is_not_silent():
    warnings = architecture_from_config({"model_type": "dbrx", "ffn_config": 3})[1]

    assert "'ffn_config'" in warnings[0]


def test_the_largest_layers_allowed_are_counted_in_no_time():
    architecture, _ = architecture_from_config(
        {"model_type": "gemma3_text", "num_hidden_layers": 100_000}
    )

    assert architecture.num_layers == 100_000


SPELLINGS = sorted({name for each in supported() for name in model_type(each).names})
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-2, 70)
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["full_attention", "sliding_attention", "xielu"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
FIELDS = st.dictionaries(st.sampled_from(SPELLINGS) | st.text(max_size=8), VALUES, max_size=8)


@settings(max_examples=200, deadline=None)
@given(model_type=st.sampled_from(sorted(known_names())) | VALUES, fields=FIELDS, inner=FIELDS)
def test_any_table_gives_an_architecture_or_an_input_error(model_type, fields, inner):
    for config in (
        {"model_type": model_type, **fields},
        {"model_type": model_type, "text_config": inner | fields, **fields},
        {"model_type": model_type, "attn_config": inner, "ffn_config": fields},
    ):
        try:
            architecture, warnings = architecture_from_config(config)
        except InputError:
            continue

        assert isinstance(architecture, Architecture)
        assert all(isinstance(text, str) for text in warnings)
        assert 0 < count(architecture).active_parameters <= count(architecture).parameters
