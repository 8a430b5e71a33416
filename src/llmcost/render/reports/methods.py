"""The methods paragraph alone, with the entries of what it cites: to paste into a paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmcost.errors import InputError, one_of, shown
from llmcost.render.cells import visible, wrapped
from llmcost.render.reports.bibtex import address, bibtex, entry_keys, remarks
from llmcost.render.reports.citations import BETWEEN_KEYS, CITED
from llmcost.render.reports.latex_words import cited
from llmcost.render.reports.markdown import in_markdown
from llmcost.report import Footnote, Report

SUFFIXES = (".md", ".txt", ".tex", ".bib")
WIDTH = 80
USED_BY = r"""% \input this file where the methods are told. It needs \usepackage{{siunitx}} and
% \bibliography{{{stem}}}, whose entries are in {stem}.bib beside it."""


def methods(report: Report, suffix: str, stem: str) -> dict[str, bytes]:
    r"""Return the methods paragraph of a report as a file of this suffix, with its sources.

    ``.md`` and ``.txt`` end in the BibTeX entries; ``.tex`` cites with \cite and has them in
    ``STEM.bib`` beside it; ``.bib`` is the entries alone. Raises InputError for another suffix.
    """
    notes = _notes(report)
    keys = entry_keys(notes)
    texts = {
        ".md": lambda: {f"{stem}.md": _markdown(report.methods, notes)},
        ".txt": lambda: {f"{stem}.txt": _plain(report.methods, notes)},
        ".tex": lambda: {
            f"{stem}.tex": _latex(report.methods, keys, stem),
            f"{stem}.bib": bibtex(notes),
        },
        ".bib": lambda: {f"{stem}.bib": bibtex(notes)},
    }
    if suffix not in texts:
        got = f"the suffix {shown(suffix)}" if suffix else "no suffix"
        raise InputError(f"methods: got {got} for the output; needs {one_of(SUFFIXES)}.")
    return {name: text.encode("utf-8") for name, text in texts[suffix]().items()}


def _notes(report: Report) -> list[Footnote]:
    """Return the sources that the paragraph cites, in the order it names them."""
    known = {note.key: note for note in report.footnotes}
    marks = CITED.findall(report.methods)
    keys = dict.fromkeys(key for mark in marks for key in BETWEEN_KEYS.split(mark))
    return [known[key] for key in keys if key in known]


def _markdown(text: str, notes: Sequence[Footnote]) -> str:
    paragraph, footnotes = in_markdown(text, notes)
    entries = f"```bibtex\n{bibtex(notes)}```" if notes else ""
    return "\n\n".join(filter(None, [paragraph, footnotes, entries])) + "\n"


def _plain(text: str, notes: Sequence[Footnote]) -> str:
    numbers = {note.key: number for number, note in enumerate(notes, start=1)}
    told = CITED.sub(lambda match: _numbered(BETWEEN_KEYS.split(match[1]), numbers), text)
    lines = [*wrapped(visible(told.replace("] [", ", ")), WIDTH), ""]
    for note in notes:
        lines += wrapped(f"[{numbers[note.key]}] {_reference(note)}", WIDTH)
    return "\n".join([*lines, "", bibtex(notes)]).rstrip("\n") + "\n"


def _numbered(keys: Sequence[str], numbers: Mapping[str, int]) -> str:
    return f"[{', '.join(str(numbers.get(key, key)) for key in keys)}]"


def _reference(note: Footnote) -> str:
    ended = (text.removesuffix(".") for text in (note.authors, note.title or note.key))
    told = [*ended, note.published, address(note.url), remarks(note)]
    return visible(". ".join(filter(None, told))) + "."


def _latex(text: str, keys: Mapping[str, str], stem: str) -> str:
    return f"{USED_BY.format(stem=visible(stem))}\n{cited(text, keys)}\n"
