"""Which sources a text names, and how a sentence cites them: ``[@key]``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from llmcost._version import __version__
from llmcost.catalog.sources import Source, sources
from llmcost.report import Footnote

LLMCOST = "llmcost"
ASSUMPTION = "assumption"
CITED = re.compile(r"\[@([^\]\s]+)\]")
_LIST_MARKS = re.compile(r"[:;,()]")
_PAPER = re.compile(r"(?:arXiv|doi) (\d{4}\.\d{4,5}|10\.[^\s),;]+)")


def keys_in(text: object) -> tuple[str, ...]:
    """Return the keys of sources that the origin of an input lists, in order.

    >>> keys_in("defaults.csv: kokolis-2024, assumption")
    ('kokolis-2024', 'assumption')
    """
    if not isinstance(text, str):
        return ()
    known = sources()
    words = (word.strip() for word in _LIST_MARKS.split(text))
    return tuple(dict.fromkeys(word for word in words if word in known))


def papers_in(text: str) -> tuple[str, ...]:
    """Return the keys of the papers that a text names by arXiv or DOI, in order.

    >>> papers_in("PaLM (arXiv 2204.02311), appendix B")
    ('palm-paper',)
    """
    entries = sources().values()
    named = (paper.rstrip(".") for paper in _PAPER.findall(text))
    found = (one.key for paper in named for one in entries if one.url.endswith(f"/{paper}"))
    return tuple(dict.fromkeys(found))


def cites(keys: Iterable[str]) -> str:
    """Return a blank and the marks that cite these sources, or nothing for none.

    A labelled assumption is no publication, so it is never cited.

    >>> cites(["palm-paper", "assumption"])
    ' [@palm-paper]'
    """
    return "".join(f" [@{key}]" for key in dict.fromkeys(keys) if key != ASSUMPTION)


def cited(text: str) -> tuple[str, ...]:
    """Return the keys that a text cites, in the order they are first named."""
    return tuple(dict.fromkeys(CITED.findall(text)))


def footnote(key: str) -> Footnote:
    """Return the footnote of a source, or that of llmcost itself.

    Raises UnknownNameError for a key that the bibliography does not have.
    """
    from llmcost.catalog.sources import source

    return _itself() if key == LLMCOST else _noted(source(key))


def _noted(one: Source) -> Footnote:
    return Footnote(
        one.key, one.title, one.authors, one.published, one.accessed, one.url, one.second_hand
    )


def _itself() -> Footnote:
    title = f"llmcost {__version__}: what it takes to train a language model"
    return Footnote(LLMCOST, title, "The llmcost authors", "2026", "", "")
