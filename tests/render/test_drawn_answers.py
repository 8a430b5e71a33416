"""Answers as pictures, from Python."""

import json

import pytest

from llmcost import draw, estimate, find_layouts, read_saved, write_picture
from llmcost.errors import InputError, UnknownNameError

RUN = {"tokens": "1T", "gpu": "h100-sxm", "num_gpus": 64, "price": "2 USD/GPU/hour", "draws": 200}


@pytest.fixture(scope="module")
def run():
    return estimate("llama-3.1-8b", **RUN)


def test_an_answer_is_drawn_as_its_usual_picture_and_by_name(run):
    assert draw(run).name == "cost"
    assert draw(run, "step").name == "step"


def test_a_saved_answer_is_drawn_as_the_answer_itself(run, tmp_path):
    (tmp_path / "run.json").write_text(json.dumps(run.to_dict()))

    assert draw(read_saved(tmp_path / "run.json")) == draw(run)


def test_a_notebook_shows_the_finding(run):
    assert draw(run)._repr_svg_().startswith("<?xml")


def test_a_file_is_written_in_the_format_of_its_suffix(run, tmp_path):
    write_picture(run, tmp_path / "cost.pdf")

    assert (tmp_path / "cost.pdf").read_bytes().startswith(b"%PDF")


def test_a_picture_that_is_named_is_the_one_in_the_file(run, tmp_path):
    write_picture(run, tmp_path / "drawn.svg", "step")

    assert (tmp_path / "drawn.svg").read_text("utf-8") == draw(run, "step")._repr_svg_()


def test_what_cannot_be_drawn_is_told(run, tmp_path):
    with pytest.raises(UnknownNameError, match="coast"):
        draw(run, "coast")
    with pytest.raises(InputError, match="drawn from"):
        draw(run, "tornado")
    with pytest.raises(InputError, match="no picture"):
        draw(find_layouts("llama-3.1-8b", gpu="h100-sxm", num_gpus=8, best=1))
    with pytest.raises(InputError, match="needs an answer"):
        draw("run.json")
    with pytest.raises(InputError, match="suffix"):
        write_picture(run, tmp_path / "cost.gif")
    assert list(tmp_path.iterdir()) == []
