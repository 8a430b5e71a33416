"""A saved result: the JSON document that a command wrote, and the name of the file it was in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LONGEST = 100


@dataclass(frozen=True, slots=True)
class Saved:
    """A result as JSON holds it: `name` of its file, and its `data`, which was checked."""

    name: str
    data: Mapping[str, Any]

    @property
    def schema(self) -> str:
        """The schema of the data, with its version: ``llmcost.estimate/1``."""
        return str(self.data["schema"])

    @property
    def kind(self) -> str:
        """The schema without its house and version: ``estimate``."""
        return self.schema.removeprefix("llmcost.").partition("/")[0]


def file_text(name: str) -> str:
    """Return the path of a file for a message; of a very long one the end, which tells files apart.

    >>> file_text("a" * 200 + "/cost.json") == repr("..." + "a" * 90 + "/cost.json")
    True
    """
    return repr(name if len(name) <= LONGEST else f"...{name[-LONGEST:]}")
