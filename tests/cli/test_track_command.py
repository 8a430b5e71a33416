"""``llmcost track``: from a log to an answer, and everything that a person can get wrong."""

import csv
import io
import json

import pytest

from tests.cli.helpers import llmcost

# A made-up run of 8 devices: 8 sequences of 8,192 tokens a step, 2 s a step.
HEAD = (
    "using world size: 8, data-parallel size: 8, tensor-model-parallel size: 1\n"
    "  seq_length ...................................... 8192\n"
)
LINE = (
    " [2026-03-01 10:{minute:02d}:{second:02d}] iteration {step:8d}/     100 | consumed samples: "
    "{samples:12d} | elapsed time per iteration (ms): 2000.0 | learning rate: 1.000E-04 | "
    "global batch size:     8 | lm loss: 2.0E+00 |\n"
)
# A made-up row of a table of measured steps.
PUBLISHED = (
    "id,model_name,gpu,n_gpus,dtype,seq_len,tp,pp,dp,micro_batch,global_batch_seqs,"
    "reported_step_time_s\n"
    "one,llama-3.1-8b,h100-sxm,64,bf16,8192,2,1,32,1,512,8.5\n"
)
KNOWN = ("--model", "llama-3.1-8b", "--gpu", "h100-sxm", "--price", "3")
TOKENS = 8 * 8192


def lines(*steps):
    """Lines of the run, one every 2 s."""
    return "".join(
        LINE.format(step=n, samples=8 * n, minute=2 * n // 60, second=2 * n % 60) for n in steps
    )


@pytest.fixture
def log(empty_folder):
    """The log of 20 steps."""
    path = empty_folder / "train.log"
    path.write_text(HEAD + lines(*range(1, 21)))
    return path


def values(data):
    """The values of the results."""
    return {name: one["value"] for name, one in data["results"].items()}


def refused(ran, *words):
    """One message of these words, nothing printed."""
    assert ran.code == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err


def test_the_answer_is_that_of_the_log(capsys, log):
    """2 s a step of 65,536 tokens on 8 devices at $3; arithmetic. The catalogue's peak."""
    data = llmcost(capsys, "track", log, *KNOWN, "--json").data
    found = values(data)

    assert data["schema"] == "llmcost.track/1"
    assert found["steps"] == 20
    assert found["median_step_time"] == pytest.approx(2.0)
    assert found["tokens_per_second"] == pytest.approx(TOKENS / 2)
    assert found["tokens_per_gpu_second"] == pytest.approx(TOKENS / 16)
    rate = TOKENS / 16 * found["model_flop_per_token"]
    assert found["model_flop_rate"] == pytest.approx(rate)
    assert found["mfu"] == pytest.approx(rate / 989.4e12, rel=1e-3)
    assert found["cost"] == pytest.approx(found["gpu_hours"] * 3)
    assert found["planned_steps"] == 100
    assert data["inputs"]["gpu"]["origin"] == {
        "kind": "user",
        "source": "command line",
        "as_of": None,
    }
    assert data["inputs"]["layout"]["value"] == "tp=1"
    assert data["command"].startswith("llmcost track")


def test_what_the_log_does_not_say_is_asked_for(capsys, log):
    log.write_text(lines(*range(1, 21)))
    ran = llmcost(capsys, "track", log)
    data = llmcost(capsys, "track", log, "--json").data

    assert ran.code == 0
    assert "give --gpus" in ran.out
    for name, option in (("num_gpus", "--gpus"), ("mfu", "--"), ("cost", "--gp")):
        assert data["results"][name]["value"] is None
        assert option in data["results"][name]["reason"]


def test_several_logs_are_one_run(capsys, log):
    again = log.with_name("again.log")
    again.write_text(HEAD + lines(*range(11, 31)))
    found = values(llmcost(capsys, "track", log, again, "--json").data)

    assert (found["steps"], found["steps_executed"], found["launches"]) == (30, 40, 2)


def test_a_saved_track_is_an_anchor_and_a_row(capsys, log):
    llmcost(capsys, "track", log, *KNOWN, "--layout", "mbs=1", "-o", "track.json")
    own = ("llama-3.1-8b", "--tokens", "1T", "--gpu", "h100-sxm", "--gpus", "64")
    anchored = llmcost(capsys, "estimate", *own, "--anchor", "track.json", "--json")
    log.with_name("mine.csv").write_text(PUBLISHED)
    judged = llmcost(capsys, "validate", "--data", "mine.csv", "--add", "track.json", "--json")

    assert anchored.code == 0
    assert "track.json" in anchored.data["inputs"]["mfu"]["origin"]["source"]
    assert anchored.data["inputs"]["anchor"]["value"] == "track.json"
    row = judged.data["rows"][judged.data["summary"]["throughput"]["rows"] - 1]
    assert (row["id"], row["measured_step_time"]) == ("track.json", pytest.approx(2.0))


def test_a_saved_track_is_a_report(capsys, log):
    llmcost(capsys, "track", log, *KNOWN, "-o", "track.json")
    ran = llmcost(capsys, "report", "track.json", "-o", "report.md")

    assert ran.code == 0
    assert "20 steps" in log.with_name("report.md").read_text()


def test_columns_say_what_a_table_holds(capsys, empty_folder):
    path = empty_folder / "steps.csv"
    rows = "".join(f"{n},2000.0,65536\n" for n in range(1, 21))
    path.write_text(f"it,dt,tok\n{rows}")
    mapping = "step=it,step_time=dt [ms],tokens_per_step=tok"
    found = values(llmcost(capsys, "track", path, "--columns", mapping, "--json").data)

    assert found["median_step_time"] == pytest.approx(2.0)
    assert found["tokens_per_second"] == pytest.approx(TOKENS / 2)


def test_a_log_is_followed_to_its_end(capsys, log):
    with log.open("a") as stream:
        stream.write("[after training is done] datetime: 2026-03-01 10:00:45 \n")
    ran = llmcost(capsys, "track", log, "--follow", *KNOWN, "--json")

    assert ran.code == 0
    assert values(ran.data)["steps"] == 20
    assert ran.err.startswith("step 20 of 100, 2.00 s a step, 32.8K tokens/s, MFU ")


def test_a_person_who_ends_the_following_gets_the_answer(capsys, log, monkeypatch):
    def interrupted(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("llmcost.cli.follow.POLL", 0)
    monkeypatch.setitem(
        __import__("llmcost.cli.follow", fromlist=["follow"]).follow.__kwdefaults__,
        "wait",
        interrupted,
    )
    ran = llmcost(capsys, "track", log, "--follow", "--json")

    assert ran.code == 130
    assert values(ran.data)["steps"] == 20


def test_the_answer_is_the_same_when_followed(capsys, log):
    with log.open("a") as stream:
        stream.write("[after training is done] datetime: 2026-03-01 10:00:45 \n")
    plain = llmcost(capsys, "track", log, *KNOWN, "--json").data
    followed = llmcost(capsys, "track", log, *KNOWN, "--follow", "--json").data

    assert plain.pop("command") != followed.pop("command")
    assert plain == followed


def test_formats_are_listed_without_a_log(capsys):
    ran = llmcost(capsys, "track", "--formats")

    assert ran.code == 0
    assert "Megatron-LM" in ran.out
    rows = list(
        csv.DictReader(io.StringIO(llmcost(capsys, "track", "--formats", "--format", "csv").out))
    )
    assert {"megatron", "hugging_face", "tensorboard"} <= {row["name"] for row in rows}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("Got no log", "llmcost track --formats")),
        (("train.log", "train.log"), ("Got train.log twice",)),
        (("gone.log",), ("Error: LOG: 'gone.log'", "No such file")),
        (("gone.log", "--follow"), ("gone.log", "No such file")),
        ((".",), ("is a folder",)),
        (("train.log", "--gpu", "h1000"), ("Did you mean",)),
        (("train.log", "--gpus", "-5"), ("--gpus",)),
        (("train.log", "--model", ""), ("Error: --model: got ''",)),
        (("train.log", "--gpus", "8", "--log-format", "megatrn"), ("Did you mean megatron",)),
        (("train.log", "--columns", "step"), ("--columns", "FIELD=COLUMN")),
        (("train.log", "--interval", "2"), ("--interval",)),
        (("train.log", "--estimate", "gone.json"), ("gone.json",)),
        (("train.log", "--model", "llama-3.1-8b", "--parameters", "8B"), ("parameters",)),
        (("train.log", "--tokens", "1T", "--steps", "5"), ("--tokens", "only one")),
        (("train.log", "--price", "3", "--provider", "lambda"), ("--provider",)),
        (("train.log", "--plot", "x.gif"), ("x.gif",)),
        (("train.log", "--fields", "stps"), ("Did you mean steps",)),
    ],
)
def test_what_cannot_be_used_is_one_message(capsys, log, arguments, words):
    refused(llmcost(capsys, "track", *arguments), *words)


@pytest.mark.parametrize(
    ("content", "word"),
    [(b"", "is empty"), (b"hello\nworld\n", "no training step"), (b"\0\1\2" * 500, "binary")],
)
def test_what_is_no_log_is_told(capsys, log, content, word):
    log.write_bytes(content)

    refused(llmcost(capsys, "track", log), "train.log", word)


def test_a_variable_of_its_own_counts_after_the_command_line(capsys, log, monkeypatch):
    monkeypatch.setenv("LLMCOST_TRACK_GPUS", "16")
    by_variable = values(llmcost(capsys, "track", log, "--json").data)
    by_option = values(llmcost(capsys, "track", log, "--gpus", "32", "--json").data)

    assert (by_variable["num_gpus"], by_option["num_gpus"]) == (16, 32)


def test_a_nearer_price_overrides_a_provider(capsys, log, monkeypatch):
    monkeypatch.setenv("LLMCOST_TRACK_PROVIDER", "lambda")
    ran = llmcost(capsys, "track", log, *KNOWN, "--json")

    assert ran.code == 0
    assert "price (command line) overrides provider" in ran.err
    assert ran.data["inputs"]["price"]["value"] == 3


def test_an_estimate_says_what_the_log_does_not(capsys, log):
    own = ("llama-3.1-8b", "--tokens", "6.5M", "--gpu", "h100-sxm", "--gpus", "8", "--price", "3")
    llmcost(capsys, "estimate", *own, "-o", "estimate.json")
    data = llmcost(capsys, "track", log, "--estimate", "estimate.json", "--json").data

    assert data["inputs"]["model"]["value"] == "llama-3.1-8b"
    assert "estimate.json" in data["inputs"]["model"]["origin"]["source"]
    assert values(data)["cost"] == pytest.approx(values(data)["gpu_hours"] * 3)


def test_help_shows_the_options_under_headings(capsys):
    ran = llmcost(capsys, "track", "--help")

    assert ran.code == 0
    for heading in ("The log:", "The run:", "What it was to be:", "Rental price:", "The answer:"):
        assert heading in ran.out


def test_the_json_is_strict(capsys, log):
    text = llmcost(capsys, "track", log, *KNOWN, "--json").out

    json.loads(text, parse_constant=pytest.fail)


def test_the_names_of_results_are_completed():
    from click.shell_completion import ShellComplete

    from llmcost.cli.main import cli

    shell = ShellComplete(cli, {}, "llmcost", "_LLMCOST_COMPLETE")
    found = shell.get_completions(["track", "train.log", "--fields"], "steps,cost-to")

    assert [item.value for item in found] == ["steps,cost_to_finish"]


def test_what_was_asked_for_and_is_not_known_tells_why(capsys, log):
    ran = llmcost(capsys, "track", log, "--fields", "steps,mfu")

    assert "give --model" in ran.out


def test_parameters_of_the_log_may_be_of_all_experts(capsys, log):
    """A log that only tells all parameters: what MFU they give is told with a warning."""
    step = (
        "completed step: {n}, seconds: 2.0, TFLOP/s/device: 100.0, Tokens/s/device: 4096.0, "
        "total_weights: 65536, loss: 2.0\n"
    )
    text = "number parameters: 16.000 billion\n"
    log.write_text(text + "".join(step.format(n=n) for n in range(20)))
    alone = llmcost(capsys, "track", log, "--gpu", "h100-sxm", "--json").data
    told = ("--parameters", "16B", "--active-parameters", "2.4B")
    right = llmcost(capsys, "track", log, "--gpu", "h100-sxm", *told, "--json").data

    assert "parameters-of-log" in [one["code"] for one in alone["warnings"]]
    assert "parameters-of-log" not in [one["code"] for one in right["warnings"]]
    assert values(alone)["mfu"] == pytest.approx(values(right)["mfu"] * 16 / 2.4)


def test_a_file_without_steps_says_how_to_name_columns(capsys, empty_folder):
    (empty_folder / "steps.csv").write_text("it,dt\n1,2000\n2,2001\n")

    ran = llmcost(capsys, "track", "steps.csv")

    refused(ran, "steps.csv: has no training step", "llmcost track --formats", "dt [ms]'")
    assert len(ran.err) < 300


def test_a_saved_result_is_no_log(capsys, empty_folder):
    (empty_folder / "track.json").write_text(
        '{\n  "schema": "llmcost.track/1",\n  "results": {}\n}'
    )

    refused(llmcost(capsys, "track", "track.json"), "is a saved result (llmcost.track/1)")


@pytest.mark.parametrize("output", ["train.log", "link.json"])
def test_a_log_is_never_written_over(capsys, log, output):
    """Neither by its own name nor by a link to it."""
    (log.parent / "link.json").symlink_to(log)
    before = log.read_bytes()

    refused(llmcost(capsys, "track", log, "--json", "-o", output), "--output: got", "is read too")
    assert log.read_bytes() == before


def test_a_place_that_cannot_be_written_is_told_before_logs_are_read(capsys, empty_folder):
    """The message is that of the place, for the log was not looked for yet."""
    del empty_folder

    refused(llmcost(capsys, "track", "no.log", "-o", "no/track.json"), "the folder 'no' does not")


@pytest.mark.parametrize("follow", [(), ("--follow",)])
def test_a_closed_standard_input_is_told(capsys, monkeypatch, follow):
    monkeypatch.setattr("sys.stdin", None)

    refused(llmcost(capsys, "track", "-", *follow), "standard input is closed", "needs a log")


def test_a_log_that_is_not_there_is_told_as_the_argument_that_it_is(capsys, empty_folder):
    del empty_folder

    refused(llmcost(capsys, "track", "no.log"), "Error: LOG: 'no.log' cannot be read")
