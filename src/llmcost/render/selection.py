"""``--fields``: an answer cut down to what was asked for.

There are two shapes of answer. In an answer of *quantities* every row of the flat table is one
quantity: its first field is ``name`` and it has a field ``value``; names then choose rows, be they
results or inputs (``price`` also finds the row ``input.price``), unless every name is that of a
column. In every other answer names choose columns. The order is the order asked for, dashes may
stand for underscores, and both people's tables and JSON follow:

- people's tables keep the chosen rows or columns, and a table without any of them goes; when they
  do not show everything asked for, the cut flat table is shown instead. A note that starts with
  the name of rows and a colon (``Price: ...``) goes with the last of them;
- of JSON, the results change: ``data["results"]``, else ``data["rows"]`` (or `data` itself where it
  is a list), and with quantities ``data["inputs"]``. Quantities may be listed as objects with a
  ``name`` or keyed by name; of other objects, each keeps its chosen keys. Schema, warnings and all
  else stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from llmcost.errors import InputError, UnknownNameError
from llmcost.table import Document, Table

KEY, VALUE, RESULTS, ROWS, INPUTS = "name", "value", "results", "rows", "inputs"
INPUT = "input."
SHORT = (KEY, VALUE, "low", "high", "reason")
MOST_NAMES = 40


def select_fields(document: Document, names: Sequence[str]) -> Document:
    """Return the answer with the named quantities or columns only, in the order of `names`.

    Raises UnknownNameError for a name that the answer does not have, InputError for no names.
    """
    flat, columns = document.flat, _field_names(document.flat)
    by_row = holds_quantities(flat) and not _are_all(names, columns)
    known = _quantities(_row_names(flat)) if by_row else columns
    asked = tuple(dict.fromkeys(_known(name, known) for name in names))
    if not asked:
        raise InputError(f"Got no field names; needs at least one of {', '.join(known)}.")
    rows = [row for name in asked for row in (name, f"{INPUT}{name}")]
    cut = _with_rows(flat, rows) if by_row else _with_columns(flat, asked)
    return replace(
        document,
        flat=cut,
        tables=_tables(document.tables, asked, by_row=by_row) or (_for_people(cut),),
        data=_data(document.data, asked, by_row=by_row),
    )


def _for_people(flat: Table) -> Table:
    """Return the flat table with the few columns of a quantity that people read."""
    if not holds_quantities(flat):
        return flat
    shown = tuple(name for name in _field_names(flat) if name in SHORT)
    return replace(flat, people_fields=shown)


def _are_all(names: Sequence[str], columns: Iterable[str]) -> bool:
    known = {_spelling(column) for column in columns}
    return bool(names) and all(_spelling(name) in known for name in names)


def _quantities(rows: Iterable[str]) -> list[str]:
    """Return the names that rows can be asked for by: their own, and inputs by their bare name."""
    rows = list(rows)
    return list(dict.fromkeys([*(_bare(row) for row in rows), *rows]))


def _bare(row: str) -> str:
    return row.removeprefix(INPUT)


def holds_quantities(table: Table) -> bool:
    """Return whether every row of a flat table is one named quantity."""
    names = _field_names(table)
    return names[:1] == [KEY] and VALUE in names


def _known(name: str, known: Iterable[str]) -> str:
    known = list(dict.fromkeys(known))
    for candidate in known:
        if _spelling(candidate) == _spelling(name):
            return candidate
    bare = [each for each in known if not each.startswith(INPUT)]
    hint = (
        f"Choose from {', '.join(bare)}."
        if len(bare) <= MOST_NAMES
        else "See all names in --format csv."
    )
    raise UnknownNameError("field", name, known, hint)


def _spelling(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _field_names(table: Table) -> list[str]:
    return [field.name for field in table.fields]


def _row_names(table: Table) -> list[str]:
    return [str(row[0]) for row in table.rows]


def _tables(tables: Iterable[Table], asked: Sequence[str], *, by_row: bool) -> tuple[Table, ...]:
    """Return people's tables cut down, or none when they do not show everything asked for."""
    return _cut_rows(tables, asked) if by_row else _cut_columns(tables, asked)


def _cut_rows(tables: Iterable[Table], asked: Sequence[str]) -> tuple[Table, ...]:
    wanted = list(dict.fromkeys(map(_bare, asked)))
    cut: list[Table] = []
    seen: set[str] = set()
    for table in tables:
        quantities = _field_names(table)[:1] == [KEY]
        if names := set(_row_names(table) if quantities else ()) & set(wanted):
            cut.append(_with_rows(table, wanted))
            seen |= names
    return tuple(cut) if seen == set(wanted) else ()


def _cut_columns(tables: Iterable[Table], asked: Sequence[str]) -> tuple[Table, ...]:
    """Return the tables of chosen columns: all of them, for each holds rows of its own."""
    tables = list(tables)
    whole = all(set(asked) <= set(_shown_names(table)) for table in tables)
    facts = any(_field_names(table) == [KEY, VALUE] for table in tables)
    return tuple(_with_columns(table, asked) for table in tables) if whole and not facts else ()


def _shown_names(table: Table) -> list[str]:
    return list(table.people_fields) or _field_names(table)


def _with_rows(table: Table, wanted: Iterable[str]) -> Table:
    names = _row_names(table)
    place = {row: at for at, row in enumerate(wanted)}
    kept = sorted(
        (at for at, row in enumerate(names) if row in place), key=lambda at: place[names[at]]
    )
    texts = table.texts
    return replace(
        table,
        rows=tuple(table.rows[at] for at in kept),
        texts=None if texts is None else tuple(texts[at] for at in kept),
        notes=tuple(
            note for note in table.notes if _stays(note, names, {names[at] for at in kept})
        ),
    )


def _stays(note: str, names: Iterable[str], kept: Iterable[str]) -> bool:
    """Return whether a note is about a kept row, or about no row in particular."""
    lead, colon, _ = note.partition(":")
    start = _spelling(lead).replace(" ", "_")
    about = {name for name in names if colon and name.startswith(start)}
    return not about or bool(about & set(kept))


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
        bars=table.bars if table.bars and set(table.bars.ends) <= set(chosen) else None,
    )


def _data(
    data: Mapping[str, object] | Sequence[object], asked: Sequence[str], *, by_row: bool
) -> Mapping[str, object] | Sequence[object]:
    if not isinstance(data, Mapping):
        return _listed(data, asked, by_row=by_row)
    listed = RESULTS if RESULTS in data else ROWS
    results, inputs = data.get(listed), data.get(INPUTS)
    if by_row and isinstance(inputs, Mapping):
        data = {**data, INPUTS: _keyed(inputs, list(dict.fromkeys(map(_bare, asked))))}
    if isinstance(results, Mapping):
        return {**data, listed: _keyed(results, asked) if by_row else _each(results, asked)}
    if isinstance(results, Sequence) and not isinstance(results, str):
        return {**data, listed: _listed(results, asked, by_row=by_row)}
    raise InputError(
        f"This answer's JSON has no {RESULTS!r} to choose fields from; leave out --fields."
    )


def _listed(items: Sequence[object], asked: Sequence[str], *, by_row: bool) -> list[object]:
    objects = [item for item in items if isinstance(item, Mapping)]
    if not by_row:
        return [_keyed(item, asked) for item in objects]
    return [item for name in asked for item in objects if item.get(KEY) == name]


def _each(results: Mapping[str, object], asked: Sequence[str]) -> dict[str, object]:
    items = results.items()
    return {name: _keyed(item, asked) for name, item in items if isinstance(item, Mapping)}


def _keyed(item: Mapping[str, object], asked: Sequence[str]) -> dict[str, object]:
    return {name: item[name] for name in asked if name in item}
