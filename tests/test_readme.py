"""The README cannot rot: its commands and its picture are what the program does."""

import csv
import gzip
import json
import re
import shlex
from contextlib import contextmanager
from pathlib import Path

import pytest

from llmcost.catalog.measured import THROUGHPUT_HEADERS, throughput_rows
from tests.cli.helpers import HEADLINE, llmcost

SCHEDULER = "tcp://head:8786"
ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    """Return the fenced blocks of one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


EVERY_LINE = [each for block in blocks("sh")[2:] for each in block.splitlines()]


def test_the_two_commands_are_one_line_each():
    first, second = blocks("sh")[:2]

    assert first.count("\n") == second.count("\n") == 1
    assert first.startswith("python3 -m venv ")
    assert second.startswith("python3 -m venv ")
    assert second.rstrip().endswith("-m pytest")


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize(("number", "more"), [(0, ("--today", "2026-09-06")), (1, ()), (2, ())])
def test_the_picture_is_the_answer(capsys, number, more):
    console = blocks("console")[number]
    command, _, picture = console.partition("\n")
    ran = llmcost(capsys, *shlex.split(command.removeprefix("$ llmcost ")), *more)

    shown = [line.rstrip() for line in picture.rstrip().splitlines()]
    answer = [line.rstrip() for line in ran.out.splitlines()]
    assert answer[: len(shown)] == shown


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("line", EVERY_LINE)
def test_every_other_command_works(capsys, line, empty_folder):
    line = line.partition("  #")[0].strip()
    if not line.startswith("llmcost "):
        pytest.skip(f"not a command of ours: {line}")
    config = {"model_type": "qwen3", "hidden_size": 2560, "intermediate_size": 9728}
    config |= {"num_hidden_layers": 36, "num_attention_heads": 32, "num_key_value_heads": 8}
    (empty_folder / "config.json").write_text(json.dumps(config))
    with (empty_folder / "measured.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, THROUGHPUT_HEADERS)
        writer.writeheader()
        writer.writerows(throughput_rows()[:5])

    _write_what_is_named(line, empty_folder, capsys)
    with _cluster(line) as named:
        assert llmcost(capsys, *shlex.split(named)[1:]).code in (0, 1)


def _write_what_is_named(line, folder, capsys):
    """Write the plan of the README, setups and a comparison, where a command names them."""
    (plan,) = (block for block in blocks("toml") if "[grid]" in block)
    (folder / "plan.toml").write_text(plan)
    if "setups.toml" in line:
        setups = '[[setup]]\ngpu = "h100-sxm"\ngpus = 512\n[[setup]]\ngpu = "b200"\ngpus = 256\n'
        (folder / "setups.toml").write_text(setups)
    if "track" in line:
        _write_logs(folder)
    if "--estimate run.json" in line:
        assert llmcost(capsys, *HEADLINE, "--draws", "200", "-o", "run.json").code == 0
    if "track.json" in line:
        model = line.split()[2] if line.startswith("llmcost estimate") else "llama-3.1-8b"
        tracked = ("track", "train.log", "--model", model, "--gpu", "h100-sxm", "--gpus", "64")
        assert llmcost(capsys, *tracked, "-o", "track.json").code == 0
    if line.startswith("llmcost report"):
        for name in ("run.json", "growth.json"):
            saving = next(each for each in EVERY_LINE if f"-o {name} " in each)
            assert llmcost(capsys, *shlex.split(saving.partition(" --plot")[0])[1:]).code == 0
    if "last-month.json" in line:
        saved = line.replace("--against", "--output")
        assert llmcost(capsys, *shlex.split(saved)[1:]).code == 0


def _write_logs(folder):
    """Write a log of Megatron-LM whose steps take 60 s, and two of its launches."""
    header = "using world size: 64\n  seq_length ................ 8192\n"
    lines = [
        f" [2026-03-01 {step // 60:02d}:{step % 60:02d}:00] iteration {step}/ 500 | "
        f"consumed samples: {128 * step} | elapsed time per iteration (ms): 60000.0 | "
        f"global batch size: 128 | lm loss: 2.5E+00 |\n"
        for step in range(1, 61)
    ]
    (folder / "train.log").write_text(header + "".join(lines))
    (folder / "run1.log").write_text(header + "".join(lines[:40]))
    (folder / "run2.log.gz").write_bytes(gzip.compress((header + "".join(lines[30:])).encode()))


@contextmanager
def _cluster(line):
    """Start the cluster that a command names, and give the command with its address."""
    if SCHEDULER not in line:
        yield line
        return
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, processes=False, protocol="tcp", dashboard_address=None) as one:
        yield line.replace(SCHEDULER, one.scheduler_address)


def test_the_python_example_runs():
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})


def test_its_picture_is_one_that_the_documents_draw_again():
    (named,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)

    assert Path(named).parent == Path("docs/pictures")
    assert (ROOT / named).is_file()
    assert f"](pictures/{Path(named).name})" in (ROOT / "docs/reports.md").read_text("utf-8")


def test_errors_on_sources_left_out_are_those_of_the_page_on_prediction():
    page = (ROOT / "docs/prediction.md").read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| all rows \|.*$", page, flags=re.MULTILINE)
    _, _, median, ninth, _, holds, _, usual, *_ = [cell.strip() for cell in row.split("|")[1:]]
    told = README.split("## How far off it is")[1].split("##")[0]

    numbers = re.findall(r"[\d.]+%", told.split("about four minutes")[1])
    assert numbers == [median, ninth, "40%", usual, "80%", holds]


@pytest.mark.usefixtures("empty_folder")
def test_the_entry_to_cite_is_what_the_methods_of_a_run_hold(capsys):
    ran = llmcost(capsys, *HEADLINE, "--draws", "200", "-o", "run.json")
    assert ran.code == 0

    entries = llmcost(capsys, "report", "run.json", "--methods").out
    assert blocks("bibtex")[0] in entries
