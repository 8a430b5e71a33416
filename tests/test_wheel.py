"""What is shipped is complete: the wheel alone answers, from an empty folder."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel without a network, and unpack it."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def run_from(wheel, folder, *arguments):
    """Run the command line of the unpacked wheel in another folder."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("LLMCOST", "PYTHON"))}
    code = (
        f"import sys; sys.path.insert(0, {str(wheel)!r}); from llmcost.cli.main import main; main()"
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", code, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_the_wheel_holds_every_fact(wheel):
    for folder in ("data", "seeds"):
        names = {path.name for path in (ROOT / folder).iterdir()}
        assert names <= {path.name for path in (wheel / "llmcost" / folder).iterdir()}
    assert (wheel / "llmcost" / "py.typed").exists()
    assert (wheel / "llmcost" / "units.txt").exists()


def test_the_wheel_answers_from_an_empty_folder(wheel, tmp_path):
    text = run_from(wheel, tmp_path, "estimate", "llama-3.1-405b", "--tokens", "15T", "--json")
    assert json.loads(text)["results"]["parameters"]["value"] == 405_853_388_800

    claims = run_from(wheel, tmp_path, "show", "claims", "--json")
    assert len(json.loads(claims)["results"]) == 26
    assert list(tmp_path.iterdir()) == []


def test_the_wheel_predicts_from_an_empty_folder(wheel, tmp_path):
    """Constants, kernel rates and measured rows come along."""
    cluster = ("llama-3.1-8b", "--gpu", "h100-sxm", "--gpus", "16", "--json")
    answer = json.loads(run_from(wheel, tmp_path, "estimate", *cluster, "--tokens", "1T"))
    assert answer["inputs"]["mfu"]["origin"]["kind"] == "modelled"
    assert answer["memory"]["fits"]

    best = json.loads(run_from(wheel, tmp_path, "layouts", *cluster, "--best", "1"))
    assert best["results"][0]["fits"]

    lines = (wheel / "llmcost" / "data" / "throughput.csv").read_text(encoding="utf-8").split("\n")
    (tmp_path / "mine.csv").write_text("\n".join(lines[:4]) + "\n", encoding="utf-8")
    held = json.loads(run_from(wheel, tmp_path, "validate", "--data", "mine.csv", "--json"))
    assert [row["scored"] for row in held["rows"]] == [True] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]
