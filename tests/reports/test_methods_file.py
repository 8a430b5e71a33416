"""The methods paragraph as a file, with the entries of what it cites."""

import pytest

from llmcost.errors import InputError
from llmcost.render.reports.methods import methods
from tests.render.report_fakes import report


def text(suffix):
    return {name: data.decode("utf-8") for name, data in methods(report(), suffix, "m").items()}


def test_text_has_numbers_references_and_entries():
    told = text(".txt")["m.txt"]

    assert told.startswith("FLOP follow the published formula [1]. Intervals hold 80% of 4,096")
    assert "\n[1] Grattafiori et al. The Llama 3 Herd of Models. 2024-07-31.\n" in told
    assert "@misc{llama3," in told
    assert "prices" not in told
    assert max(map(len, told.partition("@misc")[0].splitlines())) <= 80


def test_markdown_has_footnotes_and_entries():
    told = text(".md")["m.md"]

    assert "published formula[^llama3]." in told
    assert "\n[^llama3]: Grattafiori et al. *The Llama 3 Herd of Models*" in told
    assert "```bibtex\n@misc{llama3," in told


def test_latex_cites_entries_that_lie_beside_it():
    told = text(".tex")

    assert list(told) == ["m.tex", "m.bib"]
    assert r"published formula \cite{llama3}." in told["m.tex"]
    assert r"\bibliography{m}" in told["m.tex"]
    assert told["m.bib"].startswith("@misc{llama3,")


def test_entries_alone():
    assert list(text(".bib")) == ["m.bib"]


@pytest.mark.parametrize("suffix", ["", ".pdf"])
def test_another_suffix_is_refused(suffix):
    with pytest.raises(InputError, match=r"needs \.md, \.txt, \.tex or \.bib"):
        methods(report(), suffix, "m")
