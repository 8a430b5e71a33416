"""The characters that pictures in a terminal are made of, in Unicode and in ASCII."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llmcost.picture import Band, Bars, Line, Mark, Picture, Points, Rule, Whiskers
from llmcost.render.ascii_text import in_ascii
from llmcost.render.cells import display_width, visible, wrapped


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of characters, each a column wide; `fills` and `symbols` tell labels apart."""

    fills: str
    symbols: str
    across: str
    down: str
    corner: str
    tick: str
    low: str
    high: str
    region: str
    rule: str
    band: str
    line: str
    step: str
    riser: str
    ascii_only: bool = False

    def words(self, text: str) -> str:
        """Return a text on one line, in characters of this set."""
        safe = visible(text)
        return in_ascii(safe) if self.ascii_only else safe


UNICODE = Glyphs("█▒░▓▚▞#", "●■◆▲✕★+", "─", "│", "└", "┬", "├", "┤", "·", "┆", "░", "∙", "━", "┃")
ASCII = Glyphs(
    "#=.%+xo", "o#@^x*+", "-", "|", "+", "+", "|", "|", ".", ":", "~", "'", "=", "!", True
)


@dataclass(frozen=True, slots=True)
class Pens:
    """The characters of one picture: those of its set, and which of them each label has."""

    glyphs: Glyphs
    fills: Mapping[str, str]
    symbols: Mapping[str, str]


def pens_of(picture: Picture, glyphs: Glyphs) -> Pens:
    """Return the characters that tell the labels of a picture apart, in the order they come."""
    marks = [mark for panel in picture.panels for mark in panel.marks]
    bars = dict.fromkeys(mark.label for mark in marks if isinstance(mark, Bars))
    points = dict.fromkeys(mark.label for mark in marks if isinstance(mark, Points))
    return Pens(glyphs, _dealt(bars, glyphs.fills), _dealt(points, glyphs.symbols))


def legend_lines(picture: Picture, pens: Pens, width: int) -> list[str]:
    """Return what each character means, as lines of at most `width` columns."""
    samples: dict[str, list[str]] = {}
    for panel in picture.panels:
        for mark in panel.marks:
            known = samples.setdefault(mark.label, []) if mark.label else []
            sample = _sample(mark, pens)
            if sample not in known:
                known.append(sample)
    items = [f"{''.join(signs)} {pens.glyphs.words(label)}" for label, signs in samples.items()]
    return _flowed(items, width)


def _dealt(labels: Iterable[str], characters: str) -> dict[str, str]:
    return {label: characters[at % len(characters)] for at, label in enumerate(labels)}


def _sample(mark: Mark, pens: Pens) -> str:
    """Return the characters that stand before the words of a mark in the legend."""
    glyphs = pens.glyphs
    if isinstance(mark, Bars):
        return pens.fills[mark.label]
    if isinstance(mark, Points):
        return pens.symbols[mark.label]
    if isinstance(mark, Rule):
        return glyphs.rule if mark.axis == "x" else glyphs.across * 2
    if isinstance(mark, Whiskers):
        return glyphs.low + glyphs.across + glyphs.high
    if isinstance(mark, Line):
        return (glyphs.step if mark.steps else glyphs.line) * 2
    return (glyphs.band if isinstance(mark, Band) else glyphs.region) * 2


def _flowed(items: Iterable[str], width: int) -> list[str]:
    """Return items beside each other, two columns apart, as many as have room on a line."""
    lines: list[str] = []
    for item in items:
        if lines and display_width(lines[-1]) + 2 + display_width(item) <= width:
            lines[-1] += f"  {item}"
        else:
            lines += wrapped(item, width)
    return lines
