"""Explanations to documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llmcost.table import Document, Field, Table

if TYPE_CHECKING:
    from llmcost.studies.explanation import Explanation

SCHEMA = "llmcost.explanation/1"
PAIR = (Field("name", "About"), Field("value", "What"))


def explanation_document(found: Explanation) -> Document:
    """Return the document of one explanation."""
    title = found.name.replace("_", "-")
    about = [("summary", found.summary)]
    about += [("formula", found.formula)] if found.formula else []
    about += [("unit", found.unit or "none: a plain number")]
    about += [("details", text) for text in found.details]
    about += [("source", found.source)]
    tables = [Table("explanation", PAIR, tuple(about), title=title)]
    if found.inputs:
        rows = tuple((name, unit or "none: a plain number") for name, unit in found.inputs)
        fields = (Field("name", "Input"), Field("unit", "Unit"))
        tables.append(Table("inputs", fields, rows))
    flat = Table("explanation", PAIR, (*about, *((f"input.{n}", u) for n, u in found.inputs)))
    return Document(title, tuple(tables), flat, _document_data(found))


def explanations_document(found: Sequence[Explanation]) -> Document:
    """Return the document that lists every explanation."""
    fields = (Field("name", "Name"), Field("formula", "Formula"), Field("unit", "Unit"))
    rows = tuple((e.name.replace("_", "-"), e.formula or "see its text", e.unit) for e in found)
    table = Table("explanations", fields, rows, notes=("More: llmcost explain NAME",))
    data = {"schema": SCHEMA, "results": [_data(each) for each in found]}
    return Document("What can be explained", (table,), table, data)


def _document_data(found: Explanation) -> dict[str, Any]:
    facts = _data(found)
    return {"schema": SCHEMA, "name": facts.pop("name"), "results": facts}


def _data(found: Explanation) -> dict[str, Any]:
    return {
        "name": found.name,
        "summary": found.summary,
        "formula": found.formula or None,
        "unit": found.unit,
        "inputs": [{"name": name, "unit": unit} for name, unit in found.inputs],
        "details": list(found.details),
        "source": found.source,
    }
