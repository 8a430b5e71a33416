"""``--fields``: an answer cut down to what was asked for.

There are two shapes of answer. In an answer of *quantities* every row of the flat table is one
quantity: its first field is ``name`` and it has a field ``value``; names then choose rows. In every
other answer names choose columns. The order is the order asked for, dashes may stand for
underscores, and both people's tables and JSON follow:

- people's tables keep the chosen rows or columns, and a table without any of them goes; when they
  do not show everything asked for, the cut flat table is shown instead;
- of JSON, only the results change: ``data["results"]`` (or `data` itself where it is a list).
  Quantities may be listed as objects with a ``name`` or keyed by name; of other lists of objects,
  each object keeps its chosen keys. Schema, inputs and all else stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from llmcost.errors import InputError, UnknownNameError
from llmcost.table import Document, Table

KEY, VALUE, RESULTS = "name", "value", "results"


def select_fields(document: Document, names: Sequence[str]) -> Document:
    """Return the answer with the named quantities or columns only, in the order of `names`.

    Raises UnknownNameError for a name that the answer does not have, InputError for no names.
    """
    by_row = holds_quantities(document.flat)
    known = _row_names(document.flat) if by_row else _field_names(document.flat)
    chosen = tuple(dict.fromkeys(_known(name, known) for name in names))
    if not chosen:
        raise InputError(f"Got no field names; needs at least one of {', '.join(known)}.")
    flat = _with_rows(document.flat, chosen) if by_row else _with_columns(document.flat, chosen)
    return replace(
        document,
        flat=flat,
        tables=_tables(document.tables, chosen, by_row=by_row) or (flat,),
        data=_data(document.data, chosen, by_row=by_row),
    )


def holds_quantities(table: Table) -> bool:
    """Return whether every row of a flat table is one named quantity."""
    names = _field_names(table)
    return names[:1] == [KEY] and VALUE in names


def _known(name: str, known: Iterable[str]) -> str:
    known = list(dict.fromkeys(known))
    for candidate in known:
        if _spelling(candidate) == _spelling(name):
            return candidate
    hint = f"Choose from {', '.join(known)}." if len(known) <= 40 else ""
    raise UnknownNameError("field", name, known, hint)


def _spelling(name: str) -> str:
    return name.strip().replace("-", "_")


def _field_names(table: Table) -> list[str]:
    return [field.name for field in table.fields]


def _row_names(table: Table) -> list[str]:
    return [str(row[0]) for row in table.rows]


def _tables(tables: Iterable[Table], chosen: Sequence[str], *, by_row: bool) -> tuple[Table, ...]:
    """Return people's tables cut down, or none when they do not show everything chosen."""
    cut, seen = [], set()
    for table in tables:
        if by_row and _field_names(table)[:1] != [KEY]:
            continue
        names = set(_row_names(table) if by_row else _shown_names(table)) & set(chosen)
        if names:
            cut.append(_with_rows(table, chosen) if by_row else _with_columns(table, chosen))
            seen |= names
    return tuple(cut) if seen == set(chosen) else ()


def _shown_names(table: Table) -> list[str]:
    return list(table.people_fields) or _field_names(table)


def _with_rows(table: Table, chosen: Sequence[str]) -> Table:
    place = {name: at for at, name in enumerate(chosen)}
    kept = [at for at, name in enumerate(_row_names(table)) if name in place]
    kept.sort(key=lambda at: place[str(table.rows[at][0])])
    texts = table.texts
    return replace(
        table,
        rows=tuple(table.rows[at] for at in kept),
        texts=None if texts is None else tuple(texts[at] for at in kept),
    )


def _with_columns(table: Table, chosen: Sequence[str]) -> Table:
    names = _field_names(table)
    kept = [names.index(name) for name in chosen if name in names]
    texts = table.texts
    return replace(
        table,
        fields=tuple(table.fields[at] for at in kept),
        rows=tuple(tuple(row[at] for at in kept) for row in table.rows),
        texts=None if texts is None else tuple(tuple(row[at] for at in kept) for row in texts),
        people_fields=(),
    )


def _data(
    data: Mapping[str, object] | Sequence[object], chosen: Sequence[str], *, by_row: bool
) -> Mapping[str, object] | Sequence[object]:
    if not isinstance(data, Mapping):
        return _listed(data, chosen, by_row=by_row)
    results = data.get(RESULTS)
    if isinstance(results, Mapping):
        return {**data, RESULTS: _keyed(results, chosen)}
    if isinstance(results, Sequence) and not isinstance(results, str):
        return {**data, RESULTS: _listed(results, chosen, by_row=by_row)}
    raise InputError(
        f"This answer's JSON has no {RESULTS!r} to choose fields from; leave out --fields."
    )


def _listed(items: Sequence[object], chosen: Sequence[str], *, by_row: bool) -> list[object]:
    objects = [item for item in items if isinstance(item, Mapping)]
    if not by_row:
        return [_keyed(item, chosen) for item in objects]
    return [item for name in chosen for item in objects if item.get(KEY) == name]


def _keyed(item: Mapping[str, object], chosen: Sequence[str]) -> dict[str, object]:
    return {name: item[name] for name in chosen if name in item}
