"""Parameter types: text that may leave out the unit its option declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from llmcost.errors import InputError
from llmcost.ranges import read_range
from llmcost.reading import read_count, read_quantity

if TYPE_CHECKING:
    TextType = click.ParamType[str]
    NumberType = click.ParamType[int]
else:  # Not generic before click 8.4.
    TextType = NumberType = click.ParamType


class InUnit(TextType):
    """A quantity whose option declares a unit in its help, so that a bare number is read in it."""

    name = "quantity"

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text with the declared unit where it had none; leave errors to the library."""
        del param, ctx
        try:
            found = read_range(value)
            unit = found.unit if found else read_quantity(value)[1]
        except InputError:
            return value
        return value if unit else f"{value} {self.unit}"


class Whole(NumberType):
    """A whole number, as people write it."""

    name = "count"

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the number; a usage error for anything else."""
        if isinstance(value, int):
            return value
        try:
            number = read_count(value)
        except InputError as error:
            self.fail(str(error), param, ctx)
        if not number.is_integer():
            self.fail(f"Got {value!r}; needs a whole number.", param, ctx)
        return int(number)
