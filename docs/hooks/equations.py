"""Equations of the pages, as MathML that browsers draw by themselves.

Pages write them as GitHub reads them: a block fenced as ``math``, or $`...`$ within a line.
"""

from __future__ import annotations

import re
from typing import Any

from latex2mathml.converter import convert

# What a command prints is no language: a dollar in it is no prompt.
CONSOLE = re.compile(r"^```console\n", re.MULTILINE)
BLOCK = re.compile(r"^```math\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"\$`([^`\n]+)`\$")
# A word that Markdown leaves alone stands for each equation while it works.
PLACE = "equation{}place"
PLACES = re.compile(r"(?:<p>)?equation(\d+)place(?:</p>)?")

_made: list[str] = []


def on_page_markdown(markdown: str, **_: Any) -> str:  # noqa: ANN401
    """Put a word in the place of each equation, and keep it as MathML; show output as it stands."""
    _made.clear()
    markdown = CONSOLE.sub("```text\n", markdown)
    markdown = BLOCK.sub(lambda found: f"\n{_kept(found[1], 'block')}\n", markdown)
    return INLINE.sub(lambda found: _kept(found[1], "inline"), markdown)


def on_page_content(html: str, **_: Any) -> str:  # noqa: ANN401
    """Put each equation in its place."""
    return PLACES.sub(_restored, html)


def _kept(latex: str, display: str) -> str:
    made = convert(latex.strip(), display=display)
    _made.append(f'<div class="equation" tabindex="0">{made}</div>' if display == "block" else made)
    return PLACE.format(len(_made) - 1)


def _restored(found: re.Match[str]) -> str:
    """Return an equation, out of its paragraph where it stands by itself."""
    made = _made[int(found[1])]
    if made.startswith("<div"):
        return made
    return found[0].replace(PLACE.format(found[1]), made)
