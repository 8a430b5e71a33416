"""Files of setups: ``[[setup]]`` tables in TOML, or CSV with a row a setup and units in headers."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from llmcost.errors import InputError, shown
from llmcost.reading import canonical_unit
from llmcost.studies.comparison.setups import (
    Setup,
    argument_name,
    as_argument,
    has_unit,
    named_arguments,
)

MAX_BYTES = 4_000_000
NEEDED = "Give a .toml file of [[setup]] tables, or a .csv file with a row a setup."


def setups_in_file(path: str | Path) -> tuple[Setup, ...]:
    """Return the setups of a file, for `compare(setups=...)`; their names may still be empty.

    Raises InputError for a file that cannot be read or holds anything else.
    """
    place = Path(path)
    kinds = {".toml": _of_toml, ".csv": _of_csv}
    if place.suffix.lower() not in kinds:
        raise InputError(f"setups: got the file {shown(str(path))}. {NEEDED}")
    found = tuple(kinds[place.suffix.lower()](_text(place), place.name))
    if not found:
        raise InputError(f"setups: the file {shown(str(path))} holds no setup. {NEEDED}")
    return found


def _of_toml(text: str, file: str) -> Iterator[Setup]:
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{file} is not TOML: {error}. {NEEDED}") from None
    for key in content:
        if key != "setup":
            raise InputError(f"{file}: got {shown(key)}; needs [[setup]] tables alone.")
    tables = content.get("setup", [])
    if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
        raise InputError(f"{file}: setup is {shown(tables)}; needs [[setup]] tables.")
    for number, table in enumerate(tables, 1):
        yield _setup(table, f"{file}, setup {number}")


def _of_csv(text: str, file: str) -> Iterator[Setup]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        headers = [_header(cell, file) for cell in next(reader, [])]
        names = [name for name, _ in headers]
        if len(set(names)) != len(names):
            raise InputError(f"{file}: got a header twice; needs each argument once.")
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield _row(headers, cells, f"{file}, line {reader.line_num}")
    except csv.Error as error:
        raise InputError(f"{file}, line {reader.line_num}: is not CSV: {error}.") from None


def _row(headers: list[tuple[str, str]], cells: list[str], place: str) -> Setup:
    if len(cells) != len(headers):
        raise InputError(
            f"{place}: got {len(cells)} cells; needs {len(headers)}, one for each header. Quote a "
            "cell that holds a comma."
        )
    pairs = zip(headers, (cell.strip() for cell in cells), strict=True)
    return _setup({name: _with_unit(cell, unit) for (name, unit), cell in pairs if cell}, place)


def _header(cell: str, file: str) -> tuple[str, str]:
    """Return the argument and the unit of a header: ``price [USD/GPU/hour]``."""
    name, _, rest = cell.strip().partition("[")
    unit = rest.strip().removesuffix("]").strip()
    try:
        if unit:
            canonical_unit(unit)
        return argument_name(name), unit
    except InputError as error:
        raise InputError(f"{file}, header {shown(cell.strip())}: {error}") from None


def _with_unit(cell: str, unit: str) -> str:
    """Return a cell with the unit of its header, unless it has one of its own."""
    return cell if not unit or has_unit(cell) else f"{cell} {unit}"


def _setup(table: Mapping[str, Any], place: str) -> Setup:
    try:
        own = {name: as_argument(name, value) for name, value in named_arguments(table).items()}
        name = own.pop("name", "")
        if not isinstance(name, str | int):
            raise InputError(f"name is {shown(name)}; needs text.")
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    return Setup(str(name), own, place)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        raise InputError(f"The file {shown(str(path))} cannot be read. {NEEDED}") from None
    if len(content) > MAX_BYTES:
        raise InputError(f"The file {shown(str(path))} is larger than {MAX_BYTES // 10**6} MB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"The file {shown(str(path))} is not UTF-8 text: byte {error.start} cannot be read."
        ) from None
