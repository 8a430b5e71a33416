"""How each supported model type spells, defaults and uses the fields of its config.json.

The facts are in ``data/model_types.toml``; this module checks and looks them up, and reads single
fields of a configuration under their rules.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

from llmcost.catalog.files import cached_facts, data_folder, read_toml, text_of
from llmcost.errors import InputError, UnknownNameError, nearest, one_of, shown

FILE = "model_types.toml"
HEADER = re.compile(r"^\[types\.([A-Za-z0-9_-]+)(?=[.\]])", re.M)
MAX_LAYERS = 100_000
MAX_SIZE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class ModelType:
    """One supported type: its spellings, defaults and the rules that turn fields into weights."""

    name: str
    reference: str
    names: Mapping[str, str]
    defaults: Mapping[str, Any]
    refused: Mapping[str, Any]
    ignored: Mapping[str, Any]
    harmless: frozenset[str]
    rules: Mapping[str, Any]

    @property
    def sections(self) -> frozenset[str]:
        """The names of the nested sections that hold some of its fields."""
        known = (*self.names, *self.ignored, *self.harmless)
        return frozenset(name.partition(".")[0] for name in known if "." in name)

    def rule(self, name: str, default: str | bool | int | None = None) -> str | bool | int | None:
        """Return a rule of this type, or `default` where it has none."""
        value: str | bool | int | None = self.rules.get(name, default)
        return value


def supported() -> tuple[str, ...]:
    """Return the names of the supported model types."""
    return tuple(_texts().types)


@cached_facts
def model_type(name: str) -> ModelType:
    """Return a supported model type; only its part of the file is read.

    Raises UnknownNameError for another name.
    """
    if name not in supported():
        raise UnknownNameError("model type", name, supported())
    entry = _parsed(_texts().types[name])["types"][name]
    return _model_type(name, entry, frozenset(_common()["common"]["harmless"]))


def library() -> str:
    """Return the reference implementation, with the version whose defaults these are."""
    return str(_common()["library"])


def same_as(name: str) -> tuple[str, Mapping[str, Any]]:
    """Return the type that an older or derived name stands for, and the fields it implies."""
    entry = _common()["same_as"].get(name, {"type": name, "implies": {}})
    return entry["type"], entry["implies"]


def wrapped(name: str) -> Mapping[str, Any]:
    """Return what a wrapper's name says of its text decoder; empty for one not known.

    `type` is the decoder's type where it states none; `tied_by` says whose tie_word_embeddings
    counts, and `tied` is the wrapper's default.
    """
    entry: Mapping[str, Any] = _common()["wrappers"].get(name, {})
    return entry


def wrappers() -> tuple[str, ...]:
    """Return the model types that hold a text decoder and can be counted."""
    return tuple(_common()["wrappers"])


def known_names() -> tuple[str, ...]:
    """Return every name that a config may give as its model type."""
    common = _common()
    return (*supported(), *common["same_as"], *common["wrappers"])


@cached_facts
def used_somewhere() -> frozenset[str]:
    """Return the spellings of every field that changes the count of some type."""
    return frozenset(name for each in supported() for name in model_type(each).names)


def unsupported(name: str, fields: tuple[str, ...]) -> NoReturn:
    """Raise the error for a model type that cannot be counted; `fields` could not be read."""
    if name in wrappers():
        raise InputError(
            f"The model type {shown(name)} wraps a text decoder, but there is no 'text_config'; "
            "give the whole config.json, or the decoder's own model type."
        )
    common = frozenset(_common()["common"]["harmless"])
    unread = sorted(field for field in fields if field not in common)
    listed = ", ".join(shown(field) for field in unread[:12]) or "none"
    more = f" and {len(unread) - 12} more" if len(unread) > 12 else ""
    close = nearest(name, known_names()) or ("llama", "qwen3", "deepseek_v3")
    raise InputError(
        f"The model type {shown(name)} is not supported; fields not interpreted: {listed}{more}. "
        f"The nearest supported types are {one_of(close)}: set model_type to one of them only if "
        "the architecture is the same."
    )


class Texts(NamedTuple):
    """The file before its first type, and the part of each type."""

    common: str
    types: Mapping[str, str]


@cached_facts
def _texts() -> Texts:
    """Return the file in parts: reading one of 60 types takes a tenth of the time of all."""
    common, *parts = HEADER.split(text_of(data_folder() / FILE))
    types: dict[str, str] = {}
    for name, part in zip(parts[::2], parts[1::2], strict=True):
        types[name] = f"{types.get(name, '')}[types.{name}{part}"
    return Texts(common, types)


@cached_facts
def _common() -> Mapping[str, Any]:
    return _parsed(_texts().common)


def _parsed(text: str) -> Mapping[str, Any]:
    """Return a part of the file; a fault is told by reading all of it, with its line."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        read_toml(FILE)
        raise


def _model_type(name: str, entry: Mapping[str, Any], common: frozenset[str]) -> ModelType:
    spellings = {field: field for field in entry["fields"]} | entry.get("names", {})
    return ModelType(
        name=name,
        reference=entry["reference"],
        names=spellings,
        defaults=entry["defaults"],
        refused=entry.get("refused", {}),
        ignored=entry.get("ignored", {}),
        harmless=common | frozenset(entry.get("harmless", ())),
        rules=entry["rules"],
    )


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one configuration under their common names, defaults filled in."""

    kind: ModelType
    values: Mapping[str, Any]
    spelled: Mapping[str, str]

    def count(self, name: str, *, minimum: int = 1) -> int:
        """Return a whole number that must be there; raises InputError when it is not."""
        value = self.optional_count(name, minimum=minimum)
        if value is None:
            self.fail(name, "nothing", "a whole number")
        return value

    def optional_count(self, name: str, *, minimum: int = 1) -> int | None:
        """Return a whole number, or `None` where the field is null or absent."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, list) and name == self.kind.rule("per_layer"):
            value = self._same_everywhere(name, value)
        maximum = MAX_LAYERS if name == "num_hidden_layers" else MAX_SIZE
        if isinstance(value, bool) or not isinstance(value, int):
            self.fail(name, shown(value), "a whole number")
        if not minimum <= value <= maximum:
            self.fail(name, shown(value), f"a whole number from {minimum} to {maximum}")
        return value

    def _same_everywhere(self, name: str, values: list[Any]) -> Any:  # noqa: ANN401
        if not values or any(value != values[0] for value in values):
            self.fail(name, shown(values), "one number, or the same number for every layer")
        return values[0]

    def flag(self, name: str) -> bool:
        """Return a field that is on or off; null is off."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            self.fail(name, shown(value), "true or false")
        return bool(value)

    def text(self, name: str) -> str:
        """Return a field that is a word; null is empty."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            self.fail(name, shown(value), "a text")
        return value or ""

    def items(self, name: str) -> tuple[Any, ...] | None:
        """Return a list of words or whole numbers, or `None` where it is null or absent."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, list | tuple) or len(value) > MAX_LAYERS:
            self.fail(name, shown(value), f"a list of at most {MAX_LAYERS} items")
        if not all(isinstance(item, int | str) for item in value):
            self.fail(name, shown(value), "a list of words or whole numbers")
        return tuple(value)

    def ruled_flag(self, rule: str, *, default: bool = False) -> bool:
        """Return what a rule says: true, false, or the field that it names."""
        value = self.kind.rule(rule, default)
        return self.flag(value) if isinstance(value, str) else bool(value)

    def ruled_count(self, rule: str, *, minimum: int = 1, default: int = 0) -> int:
        """Return the number that a rule fixes, or the field that it names; null is `default`."""
        value = self.kind.rule(rule, default)
        if isinstance(value, str):
            return self.optional_count(value, minimum=minimum) or default
        return int(value or 0)

    def fail(self, name: str, got: str, needed: str) -> NoReturn:
        """Raise the error for one field."""
        spelled = self.spelled.get(name, name)
        raise InputError(
            f"The field {spelled!r} of a {self.kind.name} configuration is {got}; "
            f"needs {needed}. Correct the config.json."
        )


def resolve(kind: ModelType, config: Mapping[str, Any]) -> tuple[Fields, tuple[str, ...]]:
    """Return the fields of a configuration under common names, and warnings about the rest.

    Raises InputError where two spellings of one field disagree or a refused value is set.
    """
    given = _flattened(kind, config)
    spelled = _spelled(kind, given)
    values = dict(kind.defaults) | {name: given[spelling] for name, spelling in spelled.items()}
    fields = Fields(kind, values, spelled)
    for name, needed in kind.refused.items():
        if given.get(name, needed) not in (needed, None):
            fields.fail(name, shown(given[name]), f"{shown(needed)}, nothing else")
    return fields, (*_ignored(kind, given), *_unknown(kind, given))


def _spelled(kind: ModelType, given: Mapping[str, Any]) -> dict[str, str]:
    """Return which spelling a configuration uses for each common name."""
    spelled: dict[str, str] = {}
    for spelling, common in kind.names.items():
        if spelling not in given:
            continue
        earlier = spelled.setdefault(common, spelling)
        if earlier != spelling and given[earlier] != given[spelling]:
            raise InputError(
                f"The fields {earlier!r} and {spelling!r} of a {kind.name} configuration mean the "
                f"same, but are {shown(given[earlier])} and {shown(given[spelling])}. Keep one."
            )
    return spelled


def _flattened(kind: ModelType, config: Mapping[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name, value in config.items():
        if name in kind.sections and isinstance(value, Mapping):
            given |= {f"{name}.{inner}": item for inner, item in value.items()}
        elif name not in kind.sections or value is not None:
            given[str(name)] = value
    return given


def _ignored(kind: ModelType, given: Mapping[str, Any]) -> list[str]:
    return [
        f"{library()} does not read {name} of a {kind.name} model: {shown(given[name])} is counted "
        f"as {needed!r}"
        for name, needed in kind.ignored.items()
        if name in given and given[name] not in (needed, None)
    ]


def _unknown(kind: ModelType, given: Mapping[str, Any]) -> list[str]:
    known = {*kind.names, *kind.refused, *kind.ignored} | kind.harmless
    unknown = [name for name in given if name not in known and not _off(name, given[name])]
    if not unknown:
        return []
    listed = ", ".join(shown(name) for name in unknown[:20])
    more = f" and {len(unknown) - 20} more" if len(unknown) > 20 else ""
    return [f"fields not known for a {kind.name} model, and not counted: {listed}{more}"]


def _off(name: str, value: object) -> bool:
    """Tell whether a field of other types is there only to say that it is not used here."""
    return (value is None or value is False) and name in used_somewhere()
