"""Every wrong input: one message, the documented exit code, no traceback, nothing half-written."""

import json

import pytest

from tests.cli.helpers import HEADLINE, llmcost

DIGITS = "9" * 100_000
NUMERIC = (
    "--tokens --gpus --mfu --goodput --price --throughput --seq-length --max-cost "
    "--price-per-node-hour --draws --seed"
).split()
NONSENSE = (
    *("", " ", "-1", "0", "nan", "NaN", "inf", "-inf", "1e400", "9**9**9", "१५", "abc", DIGITS),
    *("5 foo", "=cmd()", "<b>1</b>", "1;2", "1e", "0x10", "1 2 3", "..", "1..", "\x1b[31m1"),
)


def assert_refused(ran, code=2):
    assert ran.code == code, ran
    assert ran.out == ""
    assert "Traceback" not in ran.err
    message = [line for line in ran.err.splitlines() if line.startswith("Error")]
    assert len(message) == 1, ran.err
    assert len(ran.err) < 1500


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("option", NUMERIC)
@pytest.mark.parametrize("value", NONSENSE, ids=lambda v: repr(v[:12]))
def test_nonsense_in_a_numeric_option(capsys, option, value):
    if option == "--seed" and value == "0":
        return
    extra = ["--gpus-per-node", "8"] if option == "--price-per-node-hour" else []
    base = [a for a in HEADLINE if a != "--gpus" and a != "16000"]

    assert_refused(llmcost(capsys, *base, f"{option}={value}", *extra))


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--mfu", "300%"], "at most 100%"),
        (["--mfu", "41"], "0.41"),
        (["--mfu", "5 TFLOP"], "--mfu"),
        (["--tokens", "1e40"], "at most"),
        (["--tokens", "15 GPU"], "--tokens"),
        (["--gpus", "1.5"], "whole number"),
        (["--gpus", "1e30"], "at most"),
        (["--price", "2.5 USD/hour"], "'per GPU' is missing"),
        (["--price", "2.5 USD"], "'per GPU' is missing"),
        (["--price", "2.5 EUR/GPU/hour"], "--price"),
        (["--price", "-2"], "above 0"),
        (["--price", "2", "--terms", "spot"], "give only one"),
        (["--price", "2", "--provider", "aws"], "give only one"),
        (["--price", "2", "--price-per-node-hour", "16"], "give only one"),
        (["--price-per-node-hour", "16"], "--gpus-per-node 8"),
        (["--gpus-per-node", "8"], "price_per_node_hour"),
        (["--mfu", "41%", "--throughput", "400 TFLOP/s/GPU"], "give only one"),
        (["--throughput", "9500"], "430 TFLOP/s/GPU"),
        (["--throughput", "430 TFLOP/s"], "one device"),
        (["--throughput", "5000 TFLOP/s/GPU"], "MFU of"),
        (["--throughput", "5 TFLOPS"], "operations per second"),
        (["--gpu", "h1000"], "Did you mean"),
        (["--gpu", "h100"], "h100-sxm"),
        (["--precision", "fp7"], "bf16"),
        (["--precision", "fp4"], "bf16"),
        (["--terms", "on-demnd"], "on-demand"),
        (["--provider", "amazn"], "Did you mean"),
        (["--as-of", "yesterday"], "YYYY-MM-DD"),
        (["--as-of", "2026-02-30"], "--as-of"),
        (["--today", "soon"], "--today"),
        (["--attention-flop", "half"], "causal or full"),
        (["--scaling-law", "chinchilla"], "See: llmcost explain"),
        (["--recompute", "some"], "selective"),
        (["--parameters", "405B"], "give only one"),
        (["--draws", "3"], "100"),
        (["--format", "xml"], "markdown"),
        (["--json", "--format", "csv"], "give only one"),
        (["--fields", ","], "--fields"),
        (["--gpsu", "5"], "--gpus"),
        (["-o", ""], "Error"),
    ],
)
def test_a_wrong_option_says_what_to_do(capsys, arguments, words):
    given = list(HEADLINE)
    if arguments[0] in ("--tokens", "--gpu", "--gpus"):
        at = given.index(arguments[0])
        del given[at : at + 2]
    ran = llmcost(capsys, *given, *arguments)

    assert_refused(ran)
    assert words in ran.err


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("name", ["llama-3.1-405", "nope", "", " ", "x" * 100_000, "a\x00b", "é"])
def test_an_unknown_model(capsys, name):
    assert_refused(llmcost(capsys, "estimate", name, "--tokens", "1T"))


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("name", ["gpt-4", "GPT-4", "claude-3.5", "gemini"])
def test_a_closed_model_says_that_it_is_not_public(capsys, name):
    ran = llmcost(capsys, "estimate", name, "--tokens", "1T")

    assert_refused(ran)
    assert "not public" in ran.err


BAD_CONFIGS = {
    "empty": b"",
    "truncated": b'{"model_type": "llama", "hidden_size": 40',
    "not json": b"hello",
    "binary": bytes(range(256)),
    "list": b"[1, 2]",
    "deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "deep list": b"[" * 100_000,
    "huge": b'{"x": "' + b"a" * 10_000_000 + b'"}',
    "strings": b'{"model_type": "llama", "hidden_size": "4096"}',
    "negative": b'{"model_type": "llama", "num_hidden_layers": -2}',
    "zero": b'{"model_type": "llama", "num_attention_heads": 0}',
    "float": b'{"model_type": "llama", "hidden_size": 4096.5}',
    "nan": b'{"model_type": "llama", "hidden_size": NaN}',
    "digits": b'{"model_type": "llama", "hidden_size": ' + b"9" * 100_000 + b"}",
    "absurd": b'{"model_type": "llama", "num_hidden_layers": 1000000000000}',
    "no type": b'{"hidden_size": 4096}',
    "unknown type": b'{"model_type": "llamma"}',
    "type a number": b'{"model_type": 5}',
}


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("kind", BAD_CONFIGS)
def test_a_config_that_cannot_be_read(capsys, empty_folder, kind):
    path = empty_folder / "config.json"
    path.write_bytes(BAD_CONFIGS[kind])

    assert_refused(llmcost(capsys, "estimate", path, "--tokens", "1T"))


@pytest.mark.usefixtures("empty_folder")
def test_a_missing_config_and_a_folder(capsys, empty_folder):
    (empty_folder / "folder.json").mkdir()

    assert_refused(llmcost(capsys, "estimate", "./nothing.json", "--tokens", "1T"))
    assert_refused(llmcost(capsys, "estimate", "./folder.json", "--tokens", "1T"))


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("target", ["folder", "missing/out.json", "file/out.json", "out.unknown"])
def test_an_output_that_cannot_be_written_leaves_nothing(capsys, empty_folder, target):
    (empty_folder / "folder").mkdir()
    (empty_folder / "file").write_text("x")
    before = sorted(p.name for p in empty_folder.rglob("*"))

    assert_refused(llmcost(capsys, *HEADLINE, "-o", empty_folder / target))
    assert sorted(p.name for p in empty_folder.rglob("*")) == before


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[estimate\n", "cannot be read"),
        ('[estimate]\ngpuz = "x"\n', "Did you mean"),
        ('estimate = "x"\n', "needs a table"),
        ("[estimate]\nphases = 3\n", "phases"),
        ("[[estimate.phases]]\ntokens = 5\n", "seq-length"),
        ('[[estimate.phases]]\ntokens = "1T"\nseq-length = 0\n', "above 0"),
        ('[[estimate.phases]]\ntokens = "1T"\nseq-length = 4096\nspeed = 3\n', "speed"),
        ("[estimate]\nphases = []\n", "phases"),
    ],
)
def test_a_wrong_settings_file(capsys, empty_folder, text, words):
    (empty_folder / "llmcost.toml").write_text(text)
    ran = llmcost(capsys, "estimate", "llama-3.1-8b", "--gpu", "h100-sxm")

    assert_refused(ran)
    assert words in ran.err


@pytest.mark.usefixtures("empty_folder")
def test_a_settings_file_that_is_not_there(capsys):
    assert_refused(llmcost(capsys, *HEADLINE, "--config", "nothing.toml"))


HEADER = "name,vendor,generation,form_factor"
OVERLAYS = {
    "missing column": "name,vendor\nx,y\n",
    "not utf-8": b"\xff\xfe\x00",
    "empty": "",
}


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("kind", OVERLAYS)
def test_a_wrong_overlay_is_a_data_error(capsys, empty_folder, monkeypatch, kind):
    content = OVERLAYS[kind]
    path = empty_folder / "gpu_specs.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setenv("LLMCOST_DATA", str(empty_folder))

    ran = llmcost(capsys, *HEADLINE)
    assert_refused(ran, code=3)
    assert "gpu_specs.csv" in ran.err


@pytest.mark.usefixtures("empty_folder")
def test_an_overlay_folder_that_is_not_there(capsys, monkeypatch):
    monkeypatch.setenv("LLMCOST_DATA", "/no/such/folder")
    assert_refused(llmcost(capsys, *HEADLINE), code=3)


@pytest.mark.usefixtures("empty_folder")
def test_debug_shows_the_traceback(capsys):
    ran = llmcost(capsys, *HEADLINE, "--mfu", "300%", "--debug")

    assert ran.code == 2
    assert "Traceback" in ran.err


@pytest.mark.usefixtures("empty_folder")
def test_the_variable_of_debug_shows_the_traceback(capsys, monkeypatch):
    monkeypatch.setenv("LLMCOST_ESTIMATE_DEBUG", "1")

    assert "Traceback" in llmcost(capsys, *HEADLINE, "--mfu", "300%").err


@pytest.mark.usefixtures("empty_folder")
def test_a_formula_and_html_in_an_overlay_come_out_inert(capsys, empty_folder, monkeypatch):
    from llmcost.catalog.files import data_folder

    shipped = (data_folder() / "gpu_specs.csv").read_text(encoding="utf-8").splitlines()
    row = next(line for line in shipped if line.startswith("h100-sxm,"))
    evil = row.replace("h100-sxm,NVIDIA", '"=cmd()<script>alert(1)</script>",NVIDIA', 1)
    (empty_folder / "gpu_specs.csv").write_text(shipped[0] + "\n" + evil + "\n")
    monkeypatch.setenv("LLMCOST_DATA", str(empty_folder))

    as_csv = llmcost(capsys, "show", "gpus", "--format", "csv").out
    as_html = llmcost(capsys, "show", "gpus", "--format", "html").out

    assert "'=cmd()" in as_csv
    assert "\n=cmd()" not in as_csv
    assert "<script>" not in as_html


@pytest.mark.usefixtures("empty_folder")
def test_a_value_with_a_space_that_was_not_quoted(capsys):
    ran = llmcost(capsys, *HEADLINE, "--price", "2.5", "USD/hour")

    assert_refused(ran)
    assert "Quote" in ran.err


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("where", ["command", "option", "choice"])
def test_100_kb_where_a_word_is_wanted(capsys, where):
    long = "x" * 100_000
    given = {"command": [long], "option": [*HEADLINE, f"--{long}"]}
    ran = llmcost(capsys, *given.get(where, [*HEADLINE, "--format", long]))

    assert_refused(ran)


@pytest.mark.usefixtures("empty_folder")
def test_no_arguments_at_all(capsys):
    ran = llmcost(capsys, "estimate")
    assert_refused(ran)
    assert "llmcost show models" in ran.err


@pytest.mark.usefixtures("empty_folder")
def test_an_unknown_command_gets_a_suggestion(capsys):
    ran = llmcost(capsys, "estimat")
    assert ran.code == 2
    assert "estimate" in ran.err


def test_messages_are_json_free(capsys, empty_folder):
    ran = llmcost(capsys, *HEADLINE, "--json", "--mfu", "300%")
    assert_refused(ran)
    with pytest.raises(json.JSONDecodeError):
        json.loads(ran.err)


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize(
    "arguments",
    [
        ["~nosuchuser", "--tokens", "1T"],
        ["~nosuchuser/config.json", "--tokens", "1T"],
        ["m" * 300, "--tokens", "1T"],
        ["a/b/c", "--tokens", "1T"],
        ["--parameters", "8B", "--tokens", "1T", "--provider", "aws"],
        ["--parameters", "8B", "--tokens", "1T", "--precision", "fp8"],
        ["llama-3.1-8b", "--gpu", "h100-sxm", "--price", "2", "--gpus-per-node", "8"],
    ],
)
def test_what_would_be_ignored_or_crash_is_refused(capsys, arguments):
    assert_refused(llmcost(capsys, "estimate", *arguments))


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("text", ["[tool]\nllmcost = 3\n", "tool = 5\n# tool.llmcost\n"])
def test_an_odd_pyproject_is_no_crash(capsys, empty_folder, text):
    (empty_folder / "pyproject.toml").write_text(text, encoding="utf-8")
    ran = llmcost(capsys, *HEADLINE)

    assert ran.code in (0, 2)
    assert "defect" not in ran.err
    assert "defect" not in llmcost(capsys, *HEADLINE, "--config", "pyproject.toml").err


@pytest.mark.usefixtures("empty_folder")
def test_a_precision_is_read_in_any_case(capsys):
    assert llmcost(capsys, *HEADLINE, "--precision", "BF16", "--json").code == 0
