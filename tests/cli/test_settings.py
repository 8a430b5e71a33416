"""Settings: what is not understood is said, and the nearer place counts."""

import pytest

from tests.cli.helpers import llmcost

pytestmark = pytest.mark.usefixtures("empty_folder")
RUN = ("estimate", "llama-3.1-8b", "--gpu", "h100-sxm", "--gpus", "8")


def refused(ran, *words):
    assert ran.code == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert ran.err.count("Error: ") == 1
    for word in words:
        assert word in ran.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[estimat]\nmfu = 0.4\n", "estimat"),
        ("[show]\nmfu = 0.4\n", "show"),
        ("[estimate]\nmfuu = 0.4\n", "Did you mean mfu"),
        ("[estimate]\nseq_length = 4096\nseq-length = 8192\n", "twice"),
        ("[estimate]\ngpus = " + "9" * 100_000 + "\n", "cannot be read"),
        ("[estimate]\ngpus = [1, 2]\n", "--gpus"),
    ],
)
def test_a_setting_that_is_not_understood_is_an_error(capsys, empty_folder, text, words):
    (empty_folder / "llmcost.toml").write_text(text)

    refused(llmcost(capsys, *RUN[:4]), words)
    if "gpus = [" not in text:
        refused(llmcost(capsys, "config", "show"), words.replace("Did you mean mfu", "mfuu"))


def test_a_broken_pyproject_of_ours_is_an_error_and_of_others_is_not(capsys, empty_folder):
    (empty_folder / "pyproject.toml").write_text("[tool.other\n")
    assert llmcost(capsys, *RUN).code == 0

    (empty_folder / "pyproject.toml").write_text("[tool.llmcost\n")
    refused(llmcost(capsys, *RUN), "pyproject.toml")


def test_a_settings_folder_and_an_empty_name_are_errors(capsys, empty_folder):
    refused(llmcost(capsys, *RUN, "--config="), "--config")
    (empty_folder / "llmcost.toml").mkdir()
    refused(llmcost(capsys, *RUN), "folder")


def test_a_variable_that_sets_nothing_is_told(capsys, monkeypatch):
    monkeypatch.setenv("LLMCOST_ESTIMATE_MFUU", "0.1")
    ran = llmcost(capsys, *RUN)

    assert ran.code == 0
    assert "LLMCOST_ESTIMATE_MFUU sets nothing. Did you mean LLMCOST_ESTIMATE_MFU?" in ran.err


def test_the_command_line_overrides_what_says_the_same_in_a_file(capsys, empty_folder):
    (empty_folder / "llmcost.toml").write_text(
        '[estimate]\nprice = "2 USD/GPU/hour"\n'
        '[[estimate.phases]]\ntokens = "1T"\nseq-length = 4096\n'
    )
    ran = llmcost(capsys, *RUN, "--tokens", "2T", "--provider", "lambda", "--json")

    assert ran.data["inputs"]["tokens"]["value"] == 2e12
    assert "phases" not in ran.data["inputs"]
    assert ran.data["inputs"]["price"]["origin"]["kind"] == "catalogue"
    assert "tokens (command line) overrides phases" in ran.err


def test_a_variable_overrides_a_file_and_the_command_line_a_variable(
    capsys, empty_folder, monkeypatch
):
    (empty_folder / "llmcost.toml").write_text('[estimate]\nmfu = "40%"\n')
    monkeypatch.setenv("LLMCOST_ESTIMATE_THROUGHPUT", "300 TFLOP/s/GPU")
    from_variable = llmcost(capsys, *RUN, "--json").data["inputs"]
    from_line = llmcost(capsys, *RUN, "--mfu", "30%", "--json").data["inputs"]

    assert from_variable["mfu"]["origin"]["kind"] == "measured"
    assert from_line["mfu"]["value"] == 0.3
    assert "throughput" not in from_line


def test_two_values_of_one_place_still_fight(capsys):
    refused(llmcost(capsys, *RUN, "--mfu", "40%", "--throughput", "300 TFLOP/s/GPU"), "only one")
