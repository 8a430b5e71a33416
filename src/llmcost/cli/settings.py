"""Settings from files: llmcost.toml, or [tool.llmcost] in pyproject.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmcost.errors import InputError, nearest, one_of, shown

NAME = "llmcost.toml"
COMMANDS = ("estimate",)
MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of every command, and the file they were read from (`None`: no file)."""

    path: Path | None
    tables: Mapping[str, Mapping[str, Any]]

    def of(self, command: str) -> dict[str, Any]:
        """Return the settings of one command, keys as parameter names."""
        found: dict[str, Any] = {}
        for key, value in self.tables.get(command, {}).items():
            name = key.replace("-", "_")
            if name in found:
                raise InputError(f"{self.path}: [{command}] has {key} twice, spelled in two ways.")
            found[name] = value
        return found


def find_settings(folder: Path | None = None) -> Path | None:
    """Return the nearest settings file from `folder` (the current one) upwards, if there is any.

    In one folder llmcost.toml comes before pyproject.toml, which counts only with [tool.llmcost].
    """
    here = (folder or Path.cwd()).resolve()
    for parent in (here, *here.parents):
        if (parent / NAME).exists():
            return parent / NAME
        project = parent / "pyproject.toml"
        if project.is_file() and _has_tool_table(project):
            return project
    return None


def read_settings(path: Path | None) -> Settings:
    """Return the settings in a file; raises InputError when it cannot be read or is not tables."""
    if path is None:
        return Settings(None, {})
    document = _document(path)
    tables: Any = document
    if path.name == "pyproject.toml":
        tool = document.get("tool", {})
        tables = tool.get("llmcost", {}) if isinstance(tool, dict) else {}
    if not isinstance(tables, dict):
        raise InputError(f"{path}: [tool.llmcost] is {shown(tables)}; needs tables of settings.")
    if not all(isinstance(t, dict) for t in tables.values()):
        loose = [key for key, table in tables.items() if not isinstance(table, dict)]
        raise InputError(
            f"{path}: got {', '.join(map(shown, loose))} outside a table; needs a table for each "
            f"command, such as [estimate]."
        )
    unknown = [name for name in tables if name not in COMMANDS]
    if unknown:
        raise InputError(
            f"{path}: there are no settings for {shown(unknown[0])}; needs {one_of(COMMANDS)}."
        )
    return Settings(path, tables)


def check_settings(settings: Settings, command: str, allowed: Mapping[str, Any]) -> None:
    """Raise InputError for a key that the command does not know."""
    for key in settings.of(command):
        if key not in allowed:
            close = nearest(key, allowed)
            hint = f" Did you mean {one_of(c.replace('_', '-') for c in close)}?" if close else ""
            raise InputError(f"{settings.path}: [{command}] has no setting {shown(key)}.{hint}")


def _document(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(
                f"{path}: holds more than {MAX_BYTES:,} bytes; needs a small TOML file."
            )
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; needs a TOML file of settings.") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; needs a TOML file of settings.") from None
    except (OSError, ValueError, RecursionError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise InputError(f"{path}: cannot be read: {why}. Needs a TOML file of settings.") from None


def _has_tool_table(path: Path) -> bool:
    """Return whether a pyproject.toml has settings of ours; a broken one counts if it names us."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    if "tool.llmcost" not in text and "llmcost" not in text:
        return False
    try:
        tool = tomllib.loads(text).get("tool", {})
    except (ValueError, RecursionError):
        return "tool.llmcost" in text
    return isinstance(tool, dict) and "llmcost" in tool
