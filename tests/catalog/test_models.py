"""The catalogue of models: counts, names, aliases and sources."""

import pytest

from llmcost.catalog.architecture import architecture_from_config
from llmcost.catalog.models import model, models
from llmcost.catalog.sources import sources
from llmcost.counting import count
from llmcost.errors import DataError, UnknownNameError


@pytest.mark.parametrize("entry", models(), ids=lambda entry: entry.name)
def test_the_counts_in_the_file_equal_ours_and_raise_no_warning(entry):
    """The file's counts were taken from the reference implementation, not from this code."""
    architecture, warnings = architecture_from_config(entry.config)
    counts = count(architecture)

    assert (counts.parameters, counts.active_parameters) == (
        entry.parameters,
        entry.active_parameters,
    )
    assert warnings == ()


@pytest.mark.parametrize("entry", models(), ids=lambda entry: entry.name)
def test_every_row_is_sourced_and_spelled_in_lower_case(entry):
    assert entry.sources
    assert set(entry.sources) <= set(sources())
    assert entry.name == entry.name.lower().replace(" ", "-")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("llama-3.1-405b", "llama-3.1-405b"),
        ("Llama 3.1 405B", "llama-3.1-405b"),
        ("meta-llama/Llama-3.1-405B", "llama-3.1-405b"),
        ("LLAMA_3.1_405b", "llama-3.1-405b"),
        ("bloom", "bloom-176b"),
        ("Qwen/Qwen2.5-72B", "qwen2.5-72b"),
        ("qwen 2.5 7b", "qwen2.5-7b"),
        ("mistral", "mistral-7b-v0.1"),
        ("phi-3", "phi-3-mini"),
        ("Mixtral", "mixtral-8x7b"),
    ],
)
def test_a_model_is_found_by_name_or_alias(given, expected):
    assert model(given).name == expected


@pytest.mark.parametrize(
    "name",
    ["llama-3-8b", "llama-3-70b", "llama-3.1-8b", "llama-3.1-70b", "llama-4-scout"],
)
def test_the_models_of_the_essays_are_there(name):
    assert model(name).organisation == "Meta"


def test_an_unknown_name_suggests_known_ones():
    with pytest.raises(UnknownNameError, match=r"llama-3\.1-405b"):
        model("llama-3.1-450b")


@pytest.mark.parametrize("name", ["", " ", "llama", "a" * 10_000, "llama-3.1-405b\0"])
def test_nothing_is_matched_by_a_part_of_its_name(name):
    with pytest.raises(UnknownNameError):
        model(name)


@pytest.mark.parametrize(
    ("name", "printed", "digits"),
    [("gpt-3-175b", 174.6e9, 4), ("palm-540b", 540.35e9, 5), ("llama-65b", 65.2e9, 3)],
)
def test_papers_that_give_only_a_shape_print_the_count_it_has(name, printed, digits):
    """GPT-3's and PaLM's tables; LLaMA's prints 65.2B, without counting the output matrix apart."""
    assert model(name).parameters == pytest.approx(printed, rel=2 * 10.0**-digits)


HEADER = (
    "name,family,organisation,released,model_type,config,seq_length [token],"
    "published_tokens [token],parameters,active_parameters,aliases,sources,note\n"
)


@pytest.fixture
def overlay(tmp_path, monkeypatch):
    def _overlay(row):
        (tmp_path / "models.csv").write_text(HEADER + row + "\n", encoding="utf-8")
        monkeypatch.setenv("LLMCOST_DATA", str(tmp_path))

    return _overlay


def test_a_row_of_the_users_own_is_found(overlay):
    overlay('mine,m,me,2026,gpt2,"{""model_type"": ""gpt2""}",,,124439808,124439808,,assumption,')

    assert model("Mine").config == {"model_type": "gpt2"}
    assert model("gpt2").parameters == 124_439_808


@pytest.mark.parametrize("config", ["{", "[]", "3", '"{""model_type"": ""llama""}"', "[" * 9999])
def test_a_row_whose_config_does_not_fit_is_a_data_error(overlay, config):
    overlay(f"mine,m,me,2026,gpt2,{config},,,1,1,,assumption,")

    with pytest.raises(DataError, match="config"):
        model("mine")


def test_an_alias_that_means_two_models_is_a_data_error(overlay):
    overlay('mine,m,me,2026,gpt2,"{""model_type"": ""gpt2""}",,,1,1,Bloom,assumption,')

    with pytest.raises(DataError, match="means both"):
        model("mine")
