"""The scaling law behind compute-optimal tokens, as cells of a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from llmcost.formulas.scaling_laws import HOFFMANN_TABLE_3, LAW_TITLES
from llmcost.views.reports.arithmetic import Value


@dataclass(frozen=True, slots=True)
class Column:
    """Numbers below each other that one name stands for; a single one is a constant."""

    name: str
    title: str
    numbers: tuple[float, ...]
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Law:
    """A law by its title, and the numbers that it was published with."""

    title: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> Mapping[str, Value]:
        """What formulas may refer to."""
        return {
            one.name: one.numbers if len(one.numbers) > 1 else one.numbers[0]
            for one in self.columns
        }


SIZES, TOKENS = zip(*HOFFMANN_TABLE_3, strict=True)
COLUMNS = {
    "hoffmann-2022-approach-1": (
        Column("law_parameters", "Parameters", SIZES),
        Column("law_tokens", "Tokens", TOKENS, "token"),
    ),
    # The fit of Besiroglu et al. 2024 (arXiv 2404.10102) to the loss of equation 3.
    "besiroglu-2024": (
        Column("law_a", "A", (482.01,)),
        Column("law_b", "B", (2085.43,)),
        Column("law_alpha", "alpha", (0.3478,)),
        Column("law_beta", "beta", (0.3658,)),
    ),
}


def law_of(name: str) -> Law | None:
    """Return the numbers of a law by its name; none for a law that is not known."""
    return Law(LAW_TITLES[name], COLUMNS[name]) if name in COLUMNS else None
