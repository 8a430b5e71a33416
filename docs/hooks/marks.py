"""Words of the code as Markdown: escaped, linked, in tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

PAPER = re.compile(r"\b(arXiv) (\d{4}\.\d{4,5})|\b(doi) (10\.[^\s,;)]*[^\s,;.)])")
SPECIAL = re.compile(r"([\\*_<>|\[\]#~])")


def plain(text: str) -> str:
    """Return text whose signs Markdown leaves alone, on one line; what is in `ticks` stays code."""
    parts = re.split(r"(`[^`]*`)", " ".join(text.split()))
    return "".join(_code(p) if p.startswith("`") else SPECIAL.sub(r"\\\1", p) for p in parts)


def linked(text: str) -> str:
    """Return text whose papers are links."""
    return PAPER.sub(_link, plain(text))


def code(text: str) -> str:
    """Return text as code; nothing for no text."""
    return f"`{text}`".replace("|", "\\|") if text else ""


def name_code(text: str) -> str:
    """Return a long name as code that may break after an underscore."""
    return f"<code>{text.replace('_', '_<wbr>')}</code>" if text else ""


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of cells that are Markdown."""
    lines = [headers, ["---"] * len(headers), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _code(text: str) -> str:
    return text.replace("|", "\\|")


def _link(found: re.Match[str]) -> str:
    if found[1]:
        return f"[arXiv {found[2]}](https://arxiv.org/abs/{found[2]})"
    name = found[4].replace("\\", "")
    return f"[doi {name}](https://doi.org/{name})"
