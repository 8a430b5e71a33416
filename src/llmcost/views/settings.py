"""Settings to a document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llmcost.table import Document, Field, Table


@dataclass(frozen=True, slots=True)
class Setting:
    """One option: its value (`None`: not set), where it was written, and its variable."""

    name: str
    value: object
    origin: str
    variable: str


def settings_document(command: str, settings: Sequence[Setting], path: str) -> Document:
    """Return the document of `llmcost config show`."""
    fields = (
        Field("name", "Option"),
        Field("value", "Value"),
        Field("origin", "From"),
        Field("variable", "Environment variable"),
    )
    rows = tuple(
        (s.name.replace("_", "-"), None if s.value is None else str(s.value), s.origin, s.variable)
        for s in settings
    )
    table = Table("settings", fields, rows, title=f"llmcost {command}")
    return Document(
        title=f"Settings of llmcost {command}; settings file: {path}",
        tables=(table,),
        flat=table,
        data={
            "schema": "llmcost.settings/1",
            "command": command,
            "file": path,
            "results": [{"name": n, "value": v, "origin": o, "variable": e} for n, v, o, e in rows],
        },
    )
