"""Help of a command with many options: the options under headings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click

REST = "Other options"
WIDEST_TERM = 30


class GroupedCommand(click.Command):
    """A command whose help prints its options under headings.

    `headings` maps an option, as people spell it (``--tokens``), to its heading. Headings, and the
    options under each, stand in the order of the mapping; options that it leaves out come last,
    under `rest`, in the order of the command. Raises ValueError for an option that the command
    does not have.
    """

    def __init__(
        self,
        *args: Any,  # noqa: ANN401
        headings: Mapping[str, str],
        rest: str = REST,
        **kwargs: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(*args, **kwargs)
        self.headings, self.rest = headings, rest
        known = {name for parameter in self.params for name in parameter.opts}
        if unknown := [name for name in headings if name not in known]:
            raise ValueError(f"{self.name}: headings for unknown options {', '.join(unknown)}")

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options of each heading, all in the same two columns."""
        groups = self._groups(ctx)
        widest = max((len(term) for rows in groups.values() for term, _ in rows), default=0)
        for heading, rows in groups.items():
            with formatter.section(heading):
                formatter.write_dl(_aligned(rows, min(widest, WIDEST_TERM)), col_max=WIDEST_TERM)

    def _groups(self, ctx: click.Context) -> dict[str, list[tuple[str, str]]]:
        """Return the lines of help under each heading that has any."""
        order = list(self.headings)
        groups: dict[str, list[tuple[str, str]]] = {heading: [] for heading in self._sections()}
        for parameter in sorted(self.get_params(ctx), key=lambda one: _place(one, order)):
            line = parameter.get_help_record(ctx)
            if line is not None and not isinstance(parameter, click.Argument):
                groups[self._heading(parameter)].append(line)
        return {heading: rows for heading, rows in groups.items() if rows}

    def _sections(self) -> list[str]:
        """Return the headings in their order, that of the rest last."""
        named = dict.fromkeys(self.headings.values())
        return [*(heading for heading in named if heading != self.rest), self.rest]

    def _heading(self, parameter: click.Parameter) -> str:
        found = (self.headings[name] for name in parameter.opts if name in self.headings)
        return next(found, self.rest)


def _place(parameter: click.Parameter, order: list[str]) -> int:
    """Return where an option stands in the mapping; the others come after all of it."""
    return min((order.index(name) for name in parameter.opts if name in order), default=len(order))


def _aligned(rows: Iterable[tuple[str, str]], width: int) -> list[tuple[str, str]]:
    """Return lines of help whose first column is `width` wide, so that every section has it so."""
    return [(term.ljust(width), text) for term, text in rows]
