"""A condition that was read once, and is then asked about columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmcost.errors import InputError, one_of
from llmcost.expressions.grammar import grammar_of
from llmcost.expressions.nodes import Truth


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition: its text, the columns that it reads, and the texts it compares them with.

    `texts` are pairs of a column and a text, for whoever knows which texts a column may hold.
    """

    text: str
    names: tuple[str, ...]
    texts: tuple[tuple[str, str], ...]
    truth: Truth = field(repr=False)

    def mask(self, columns: Mapping[str, Any]) -> NDArray[np.bool_]:
        """Return where the condition is true, of the shape that the columns it reads broadcast to.

        Columns are arrays or scalars in the units that the condition was read with. A missing
        value (NaN or `None`) makes a comparison, and its ``not``, not true. Raises InputError for
        a column that is missing.
        """
        missing = [name for name in self.names if name not in columns]
        if missing:
            raise InputError(f"Got columns without {one_of(missing)}; {self.text!r} needs it.")
        with np.errstate(all="ignore"):
            return np.asarray(self.truth.of(columns), dtype=np.bool_)


def read_condition(text: str, units: Mapping[str, str | None]) -> Expression:
    """Return a condition from text such as ``wall_clock < 60 day and gpu == h100-sxm``.

    `units` holds every name that may be used and its unit: empty for a plain number, `None` for
    text. Raises InputError for what is not a condition, UnitError for units that do not fit, and
    UnknownNameError for a name that is not there.

    >>> condition = read_condition("cost < $2M and not gpu == a100", {"cost": "USD", "gpu": None})
    >>> condition.names
    ('cost', 'gpu')
    >>> condition.mask({"cost": np.array([1e6, 3e6]), "gpu": "h100"}).tolist()
    [True, False]
    """
    grammar = grammar_of(text, units)
    truth = grammar.whole()
    return Expression(text, tuple(grammar.names), tuple(dict.fromkeys(grammar.texts)), truth)
