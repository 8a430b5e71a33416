"""Texts of a report in LaTeX: citations as ``\\cite``, powers of ten as siunitx sets them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from llmcost.render.latex import escaped
from llmcost.render.reports.citations import BETWEEN_KEYS, CITED

_POWER = re.compile(r"(?<![\w.,-])-?\d+(?:\.\d+)?e[+-]?\d+(?![\w.])")
_TIGHT = re.compile(r",(?=[A-Za-z])")
_LONG_WORD = re.compile(r"[^\s,]{25,}")
_JOINT = re.compile(r"(/|=|\.|\\_|-(?!\{))(?=[A-Za-z0-9])")
# Two citations side by side, which LaTeX can sort into one.
_NEXT = re.compile(r"\\cite\{([^}]*)\} \\cite\{")


def cited(text: str, keys: Mapping[str, str]) -> str:
    """Return a text as LaTeX, each ``[@key]`` a citation of the entry that `keys` names."""
    pieces: list[str] = []
    end = 0
    for match in CITED.finditer(text):
        pieces.append(words(text[end : match.start()]))
        pieces.append(citation(BETWEEN_KEYS.split(match[1]), keys))
        end = match.end()
    return _merged("".join([*pieces, words(text[end:])]))


def citation(listed: Iterable[str], keys: Mapping[str, str]) -> str:
    """Return one citation of all these keys, and bare those that have no entry."""
    listed = list(listed)
    known = ",".join(keys[key] for key in listed if key in keys)
    unknown = ", ".join(escaped(key) for key in listed if key not in keys)
    return " ".join(filter(None, (f"\\cite{{{known}}}" if known else "", unknown)))


def words(text: str) -> str:
    r"""Return a text as LaTeX with its powers of ten set by siunitx.

    >>> print(words("3.79e25 FLOP"))
    \num{3.79e25} FLOP
    """
    pieces: list[str] = []
    end = 0
    for match in _POWER.finditer(text):
        pieces.append(_breakable(text[end : match.start()]) + f"\\num{{{match[0]}}}")
        end = match.end()
    return "".join([*pieces, _breakable(text[end:])])


def _breakable(text: str) -> str:
    """Return a text as LaTeX that may break inside layouts and other very long words."""
    told = _TIGHT.sub(r",\\allowbreak ", escaped(text))
    return _LONG_WORD.sub(lambda word: _JOINT.sub(r"\1\\allowbreak ", word[0]), told)


def _merged(text: str) -> str:
    before = ""
    while before != text:
        before, text = text, _NEXT.sub(r"\\cite{\1,", text)
    return text
