"""Stacked bars: parts laid on each other, one bar a row, and a row for each part alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmcost.picture import NEUTRAL, Bars

Wording = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar: its title, the group whose colour it has, where it starts and ends."""

    title: str
    group: str
    start: float
    end: float

    @property
    def size(self) -> float:
        """How much the part is of the bar."""
        return self.end - self.start


Row = Sequence[Part]


def laid(parts: Sequence[tuple[str, str, float]]) -> tuple[Part, ...]:
    """Return parts of title, group and size on each other, without those that are nothing."""
    made: list[Part] = []
    for title, group, size in parts:
        if size > 0:
            start = made[-1].end if made else 0.0
            made.append(Part(title, group, start, start + size))
    return tuple(made)


def bars(rows: Sequence[Row], colours: Mapping[str, str], wording: Wording) -> Iterator[Bars]:
    """Yield the bars of each group: those of the first row lie at 0, of the next at 1, and so on.

    Groups come in the order of `colours`, then as they are met, those without a colour in grey.
    """
    met = dict.fromkeys(part.group for row in rows for part in row)
    for group in dict.fromkeys([*(name for name in colours if name in met), *met]):
        drawn = [(float(at), part) for at, row in enumerate(rows) for part in row]
        drawn = [(at, part) for at, part in drawn if part.group == group]
        yield Bars(
            group,
            colours.get(group, NEUTRAL),
            tuple(at for at, _ in drawn),
            tuple(part.start for _, part in drawn),
            tuple(part.end for _, part in drawn),
            tuple(f"{part.title}: {wording(part.size)}" for _, part in drawn),
        )


def waterfall(whole: Row) -> tuple[Row, ...]:
    """Return a whole bar, and under it each of its parts alone, where it lies in the whole."""
    return (whole, *((part,) for part in whole)) if len(whole) > 1 else (whole,)


def grouped(row: Row) -> tuple[Part, ...]:
    """Return the bar with one part a group."""
    sizes: dict[str, float] = {}
    for part in row:
        sizes[part.group] = sizes.get(part.group, 0.0) + part.size
    return laid([(group, group, size) for group, size in sizes.items()])


def scaled(row: Row, times: float) -> tuple[Part, ...]:
    """Return the bar so many times as long."""
    return laid([(part.title, part.group, part.size * times) for part in row])
