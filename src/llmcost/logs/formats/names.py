"""What columns of tables, keys of JSON lines and tags of TensorBoard are called, as our fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llmcost.errors import InputError, UnitError, nearest, one_of, shown
from llmcost.logs.record import FACTS, FIELDS

MILLI, TERA, HOUR, PERCENT = 1e-3, 1e12, 3600.0, 0.01
# By field, the best first: the names that trackers and frameworks give it, with the scale to its
# unit. Names differ by case alone where their units do (Composer's mfu is a share, OLMo-core's MFU
# percent). What is averaged over a session, or per device in one version and of all in the next,
# is not here.
KNOWN: dict[str, dict[str, float]] = {
    "step": {
        "trainer/global_step": 1,
        "train/global_step": 1,
        "global_step": 1,
        "optimizer_step": 1,
        "iteration": 1,
        "iter": 1,
        "time/batch": 1,
        "step": 1,
        "Step": 1,
        "_step": 1,
    },
    "step_time": {
        "iteration-time": 1,
        "iteration_time": 1,
        "train_step_timing in s": 1,
        "train_step_timing": 1,
        "train_step_time": 1,
        "perf/step_time_seconds": 1,
        "throughput/duration": 1,
        "seconds_per_step": 1,
        "step_time_seconds": 1,
        "step_time_s": 1,
        "step_time_ms": MILLI,
        "time_per_iteration_ms": MILLI,
        "elapsed_time_per_iteration_ms": MILLI,
        "elapsed time per iteration (ms)": MILLI,
    },
    "tokens_per_second": {
        "throughput/tokens_per_second": 1,
        "throughput/tokens_per_sec": 1,
        "tokens_per_sec": 1,
        "train/tok_per_sec": 1,
    },
    "tokens_per_gpu_second": {
        "tokens_per_second_per_gpu": 1,
        "tokens_per_sec_per_gpu": 1,
        "throughput(tps)": 1,
        "throughput/device/tokens_per_sec": 1,
        "throughput/device/tokens_per_second": 1,
        "throughput/device/TPS": 1,
        "perf/per_device_tokens_per_sec": 1,
    },
    "steps_per_second": {
        "throughput/batches_per_sec": 1,
        "throughput/device/batches_per_second": 1,
        "throughput/device/BPS": 1,
    },
    "samples_per_second": {
        "throughput/samples_per_sec": 1,
        "throughput/examples_per_second": 1,
    },
    "samples_per_gpu_second": {
        "throughput/device/samples_per_sec": 1,
    },
    "tokens_total": {
        "throughput/total_tokens": 1,
        "throughput/total tokens": 1,
        "consumed_tokens": 1,
        "total_tokens": 1,
        "n_tokens_seen": 1,
        "time/token": 1,
        "train/num_input_tokens_seen": 1,
        "num_input_tokens_seen": 1,
        "train/num_tokens": 1,
    },
    "samples_total": {"time/sample": 1},
    "stated_flop_rate": {
        "throughput/device/flops_per_sec": 1,
        "throughput/device/flopsPS": 1,
        "perf/per_device_tflops_per_sec": TERA,
        "model_tflops_per_gpu": TERA,
        "TFLOPS_per_GPU": TERA,
        "tflops": TERA,
    },
    "stated_mfu": {
        "throughput/device/mfu": 1,
        "throughput/device/MFU": PERCENT,
        "throughput/mfu": PERCENT,
        "mfu(%)": PERCENT,
    },
    "train_clock": {"time/train": HOUR},
    "run_clock": {"time/total": HOUR, "_runtime": 1},
    "time_stamp": {"_timestamp": 1, "Wall time": 1, "wall_time": 1, "timestamp": 1},
    "loss": {
        "train/loss": 1,
        "lm loss": 1,
        "lm_loss": 1,
        "loss/train/total": 1,
        "loss_metrics/global_avg_loss": 1,
        "reduced_train_loss": 1,
        "train/CrossEntropyLoss": 1,
        "train_loss": 1,
        "train_loss_step": 1,
        "learning/loss": 1,
    },
    "global_batch_size": {"batch-size": 1},
}
# Words of counts that are plain numbers here, so that a rate of them is "1/s".
_COUNTS = re.compile(r"\b(?:samples?|sequences?|examples?|steps?|iterations?|iters?|it)(?=\s*/)")
_BRACKETED = re.compile(r"(.*\S)\s*\[([^\[\]]*)\]")
# What a column may be: a field of a record, or a fact of the run.
UNITS = {name: unit for name, (unit, _) in {**FACTS, **FIELDS}.items()}
_ROWS = {name: (field, scale) for field, names in KNOWN.items() for name, scale in names.items()}


@dataclass(frozen=True, slots=True)
class Column:
    """Which column of a table is a field, and what its numbers are multiplied by."""

    field: str
    name: str
    scale: float = 1.0


def known_field(name: str) -> tuple[str, float] | None:
    """Return the field and scale of a column's name, `None` where it is not known.

    Our own fields are known by their names, with a unit in brackets or in their own unit.

    >>> known_field("iteration-time"), known_field("step_time [ms]")
    (('step_time', 1), ('step_time', 0.001))
    """
    if name in _ROWS:
        return _ROWS[name]
    bare, unit = _split(name)
    if bare not in UNITS:
        return None
    try:
        return bare, 1.0 if unit is None else unit_scale(bare, unit)
    except InputError:
        return None


def known_columns(names: Iterable[str]) -> dict[str, Column]:
    """Return the columns that are fields by their names, the best one of each field."""
    found: dict[str, tuple[int, Column]] = {}
    for name in names:
        known = known_field(name)
        if known is None:
            continue
        field, scale = known
        rank = _rank(field, name)
        if field not in found or rank < found[field][0]:
            found[field] = rank, Column(field, name, scale)
    columns = {field: column for field, (_, column) in found.items()}
    if "tokens_total" in columns and columns["tokens_total"].name == "consumed_tokens":
        # In nanotron's newer versions this counts tokens.
        columns.pop("global_batch_size", None)
    return columns


def _rank(field: str, name: str) -> int:
    """Return the place of a name among those of its field; our own names come first."""
    names = list(KNOWN.get(field, ()))
    return names.index(name) if name in names else -1


def chosen_columns(
    mapping: Mapping[str, str], names: Iterable[str], file: str
) -> dict[str, Column]:
    """Return the columns that a user names, with known ones for the fields left out.

    `mapping` is from fields to a column's name, with its unit after it where it is not the field's.
    Raises InputError for a field or column there is not, UnitError for a unit that does not fit.
    """
    given = list(names)
    chosen = {field: _chosen(field, text, given, file) for field, text in mapping.items()}
    taken = {column.name for column in chosen.values()}
    known = known_columns(name for name in given if name not in taken)
    return chosen | {field: column for field, column in known.items() if field not in chosen}


def _chosen(field: str, text: str, names: list[str], file: str) -> Column:
    if field not in UNITS:
        close = nearest(field, UNITS)
        hint = f" Did you mean {one_of(close)}?" if close else ""
        raise InputError(
            f"--columns: unknown field {shown(field)}.{hint} Needs FIELD=COLUMN with one of "
            f"{', '.join(sorted(UNITS))}."
        )
    if text in names:
        known = known_field(text)
        return Column(field, text, known[1] if known and known[0] == field else 1.0)
    for name, unit in _readings(text):
        if name in names:
            return Column(field, name, unit_scale(field, unit))
    close = nearest(_readings(text)[0][0], names) if names else ()
    hint = f" Did you mean {one_of(close)}?" if close else ""
    raise InputError(
        f"--columns: {file} has no column {shown(text)} for {field}.{hint} Its columns: "
        f"{_listed(names)}."
    )


def _readings(text: str) -> list[tuple[str, str]]:
    """Return the ways in which text may be a column with a unit."""
    bare, unit = _split(text)
    if unit is not None:
        return [(bare, unit)]
    before, _, after = text.rpartition(" ")
    return [(before.strip(), after)] if before.strip() else [(text, "")]


def _split(text: str) -> tuple[str, str | None]:
    found = _BRACKETED.fullmatch(text.strip())
    return (text.strip(), None) if found is None else (found[1], found[2])


def _listed(names: list[str], most: int = 40) -> str:
    shown_names = ", ".join(shown(name) for name in names[:most])
    return shown_names + (f" and {len(names) - most} more" if len(names) > most else "")


def unit_scale(field: str, unit: str) -> float:
    """Return what numbers in `unit` are multiplied by for a field; UnitError where it cannot be.

    >>> unit_scale("step_time", "ms"), unit_scale("stated_mfu", "%")
    (0.001, 0.01)
    """
    from llmcost.units import Q, in_unit

    wanted = UNITS[field]
    plain = _COUNTS.sub("1", unit.strip())
    if plain == wanted or plain in ("", "1"):
        return 1.0
    try:
        return float(in_unit(Q(1.0, plain), wanted or "dimensionless", field, shown(unit)))
    except UnitError as error:
        told = str(error).removeprefix(f"{field}: ")
        raise UnitError(f"--columns: the unit of {field}: {told}") from None


def read_mapping(text: str) -> dict[str, str]:
    """Return the columns that ``FIELD=COLUMN,FIELD=COLUMN [unit]`` names.

    Raises InputError for a part without an equals sign, or a field that is named twice.

    >>> read_mapping("step=iter, step_time=dt [ms]")
    {'step': 'iter', 'step_time': 'dt [ms]'}
    """
    mapping: dict[str, str] = {}
    for part in filter(str.strip, _parts(text)):
        field, equals, column = (piece.strip() for piece in part.partition("="))
        if not (field and equals and column):
            raise InputError(
                f"--columns: got {shown(part.strip())}; needs FIELD=COLUMN, such as "
                "'step=iter,step_time=dt [ms]'."
            )
        if field in mapping:
            raise InputError(f"--columns: names {field} twice; needs one column for it.")
        mapping[field] = column
    if not mapping:
        raise InputError("--columns: is empty; needs FIELD=COLUMN, such as 'step=iter'.")
    return mapping


def _parts(text: str) -> list[str]:
    """Split at the commas before a field, for columns may have commas in their names."""
    return re.split(r",(?=\s*[A-Za-z_]{1,40}\s*=)", text)
