"""Accelerators: their dense peaks, memory, links, power and launch, looked up by exact name.

One row of ``gpu_specs.csv`` is one accelerator as it is sold; every figure there is dense, and a
figure that nobody published is `None`. Records hold base units: FLOP/s/GPU, byte, byte/s and W,
so link rates given in Gbit/s or GB/s in the file are byte/s here. A name matches a row or an alias
after case folding, with space, underscore and dash alike; nothing is ever guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from llmcost.catalog.columns import Column, DataFile, folded
from llmcost.catalog.files import Record, cached_facts, overlay_folder, read
from llmcost.errors import DataError, InputError, UnknownNameError, one_of, shown

VENDORS = ("NVIDIA", "AMD", "Intel", "Google", "AWS", "Huawei")
FORM_FACTORS = (
    *("sxm", "pcie", "nvl", "oam", "superchip", "apu"),
    *("chip", "module", "dual-die", "rack"),
)
EVIDENCE = ("stored", "derived", "partly from memory", "from memory", "announced")
PRECISIONS = ("fp32", "tf32", "bf16", "fp16", "fp8", "int8", "fp4")
# Words that makers and their tools put before a name, and that tell nothing apart.
MAKERS_WORDS = ("nvidia", "tesla", "geforce", "amd", "instinct", "intel", "google", "aws", "huawei")
RELATIONS = ("one", "ambiguous", "mixed")

# The peak that a training precision runs at.
PEAK_OF = {
    **{precision: precision for precision in PRECISIONS},
    "mxfp8": "fp8",
    "mxfp4": "fp4",
    "nvfp4": "fp4",
}

# What vouches for a device that a bench measured, and that no catalogue holds.
MEASURED = "measured"

TERA, GIGA = 1e12, 1e9
BYTES_PER_GIGABIT = 1e9 / 8


def _figure(name: str, unit: str) -> Column:
    return Column(name, "number", unit, positive=True)


GPU_SPECS = DataFile(
    "gpu_specs.csv",
    key=("name",),
    columns=(
        Column("name", required=True),
        Column("vendor", required=True, choices=VENDORS),
        Column("generation", required=True),
        Column("form_factor", required=True, choices=FORM_FACTORS),
        *(_figure(f"peak_{precision}", "TFLOP/s/GPU") for precision in PRECISIONS),
        _figure("memory", "GB"),
        Column("memory_type"),
        _figure("memory_bandwidth", "TB/s"),
        Column("scale_up_link"),
        _figure("scale_up_bandwidth", "GB/s/GPU"),
        Column("scale_up_domain", "count", "GPU", minimum=1),
        _figure("nic_bandwidth", "Gbit/s/GPU"),
        _figure("power", "W"),
        Column("process"),
        Column("launched", "date"),
        Column("devices_per_card", "count", required=True, minimum=1, maximum=8),
        Column("evidence", required=True, choices=EVIDENCE),
        Column("note"),
        Column("sources", required=True),
    ),
)

GPU_ALIASES = DataFile(
    "gpu_aliases.csv",
    key=("alias",),
    columns=(
        Column("alias", required=True),
        Column("names", required=True),
        Column("relation", required=True, choices=RELATIONS),
        Column("default"),
        Column("note"),
    ),
)


@dataclass(frozen=True, slots=True)
class Accelerator:
    """One accelerator as sold, in base units, with what vouches for its figures.

    `peak_flop_rates` [FLOP/s/GPU] maps a precision to its dense peak (int8 counts operations);
    `memory` [byte]; `memory_bandwidth` [byte/s]; `scale_up_bandwidth` [byte/s/GPU] is one way,
    all links together; `nic_bandwidth` [byte/s/GPU] is one way in the common reference design;
    `power` [W] is the chip's. `launched` is the first day on which it could be ordered, rented or,
    for a chip that only its maker runs, was in service; it may name only a month or a year.
    Software sees `devices_per_card` devices. An unpublished figure is `None`.
    """

    name: str
    vendor: str
    generation: str
    form_factor: str
    peak_flop_rates: Mapping[str, float]
    memory: float | None
    memory_type: str | None
    memory_bandwidth: float | None
    scale_up_link: str | None
    scale_up_bandwidth: float | None
    scale_up_domain: int | None
    nic_bandwidth: float | None
    power: float | None
    process: str | None
    launched: str | None
    devices_per_card: int
    evidence: str
    note: str | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alias:
    """Another spelling: the rows it may mean, and the row that measured tables mean by it.

    `relation` is one (it is that row), ambiguous (it is one of them) or mixed (it is all of them,
    one after the other).
    """

    alias: str
    names: tuple[str, ...]
    relation: str
    default: str | None
    note: str | None


def accelerators() -> tuple[Accelerator, ...]:
    """Return every accelerator, in file order; raises DataError for a faulty file."""
    return tuple(_catalogue().values())


def accelerator(name: str) -> Accelerator:
    """Return the accelerator of this name or unambiguous alias.

    Raises UnknownNameError with suggestions, and InputError naming the candidates of a name that
    means several.

    >>> accelerator("H100 SXM5").name
    'h100-sxm'
    """
    names = accelerator_names(name)
    if len(names) == 1:
        return _catalogue()[names[0]]
    if alias(name).relation == "mixed":
        raise InputError(f"{shown(name)} is several accelerators, {', '.join(names)}: name one")
    raise InputError(f"{shown(name)} may be {one_of(names)}: name one")


def accelerator_names(name: str) -> tuple[str, ...]:
    """Return the names of the rows that `name` may mean; raises UnknownNameError for none."""
    key = _known_spelling(name)
    return (key,) if key in _catalogue() else alias(name).names


def measured_accelerator(name: str) -> Accelerator | None:
    """Return the row that a measured table means by `name`, or `None` where that is not known.

    Only for rows of published measurements, where a bare H100 or A100 is the SXM part; a user's
    own input goes through `accelerator`, which never picks. Raises UnknownNameError.
    """
    names = accelerator_names(name)
    chosen = names[0] if len(names) == 1 else alias(name).default
    return _catalogue()[chosen] if chosen else None


def alias(name: str) -> Alias:
    """Return what `aliases` says of this spelling; raises UnknownNameError with suggestions."""
    found = _aliases().get(_known_spelling(name))
    if found is None:
        hint = "Names look like h100-sxm, mi300x or tpu-v5p."
        raise UnknownNameError("accelerator", folded(name), _catalogue(), hint)
    return found


def _known_spelling(name: str) -> str:
    """Return the folded name, without the maker's words where it is known only so."""
    key = folded(name)
    known = {**_aliases(), **_catalogue()}
    bare = key
    while bare not in known and bare.partition("-")[0] in MAKERS_WORDS:
        bare = bare.partition("-")[2]
    return bare if bare in known else key


def aliases() -> tuple[Alias, ...]:
    """Return every alias, in file order."""
    return tuple(_aliases().values())


def peak(accelerator: Accelerator, precision: str) -> float:
    """Return the dense peak [FLOP/s/GPU] of an accelerator at a precision.

    mxfp8 runs at the fp8 peak, mxfp4 and nvfp4 at the fp4 peak. Raises InputError naming the
    precisions that the accelerator has; no other precision is ever substituted.

    >>> peak(_catalogue()["h100-sxm"], "bf16") / 1e12
    989.4
    """
    column = PEAK_OF.get(precision.casefold())
    if column is None:
        raise UnknownNameError("precision", precision, PEAK_OF, f"Known: {', '.join(PEAK_OF)}.")
    rate = accelerator.peak_flop_rates.get(column)
    if rate is not None:
        return rate
    has = ", ".join(accelerator.peak_flop_rates) or "none"
    raise InputError(
        f"{accelerator.name} has no published {column} peak (it has {has}): name one of those, "
        "or another accelerator"
    )


def peak_class(accelerator: Accelerator, precision: str) -> str:
    """Return the name of the peak that a precision runs at on an accelerator.

    Raises InputError where it has none.
    """
    wanted = PEAK_OF.get(precision.removesuffix("-block"), precision)
    if accelerator.peak_flop_rates.get(wanted):
        return wanted
    has = [name for name, rate in accelerator.peak_flop_rates.items() if rate]
    if not has:
        raise InputError(f"{accelerator.name}: no peak of it is known, so no step is modelled.")
    raise InputError(
        f"precision: got {precision}; {accelerator.name} has no peak for it, only {one_of(has)}."
    )


def usual_precision(accelerator: Accelerator) -> str:
    """Return the precision of training where none is stated: 16 bit, or what else there is."""
    known = accelerator.peak_flop_rates
    return next((name for name in ("bf16", "fp16", "fp32") if known.get(name)), "fp16")


def _catalogue() -> Mapping[str, Accelerator]:
    return _catalogue_of(str(overlay_folder() or ""))


def _aliases() -> Mapping[str, Alias]:
    return _aliases_of(str(overlay_folder() or ""))


@cached_facts
def _catalogue_of(_overlay: str) -> Mapping[str, Accelerator]:
    found: dict[str, Accelerator] = {}
    for row in read(GPU_SPECS):
        if folded(row["name"]) != row["name"]:
            raise _fault(row, "name", f"got {shown(row['name'])}; needs {folded(row['name'])}")
        found[row["name"]] = _accelerator(row)
    return MappingProxyType(found)


@cached_facts
def _aliases_of(_overlay: str) -> Mapping[str, Alias]:
    found: dict[str, Alias] = {}
    for row in read(GPU_ALIASES):
        key = folded(row["alias"])
        if key in found or key in _catalogue():
            raise _fault(row, "alias", f"{shown(row['alias'])} is already a name: keep one")
        found[key] = _alias(row)
    return MappingProxyType(found)


def _accelerator(row: Record) -> Accelerator:
    peaks = {p: row[f"peak_{p}"] * TERA for p in PRECISIONS if row[f"peak_{p}"] is not None}
    as_they_are = (
        *("name", "vendor", "generation", "form_factor", "memory_type", "scale_up_link"),
        *("scale_up_domain", "power", "process", "launched", "devices_per_card"),
        *("evidence", "note"),
    )
    return Accelerator(
        peak_flop_rates=MappingProxyType(peaks),
        memory=_scaled(row["memory"], GIGA),
        memory_bandwidth=_scaled(row["memory_bandwidth"], TERA),
        scale_up_bandwidth=_scaled(row["scale_up_bandwidth"], GIGA),
        nic_bandwidth=_scaled(row["nic_bandwidth"], BYTES_PER_GIGABIT),
        sources=_listed(row["sources"]),
        **{name: row[name] for name in as_they_are},
    )


def _alias(row: Record) -> Alias:
    names = _listed(row["names"])
    unknown = [name for name in names if name not in _catalogue()]
    if unknown:
        raise _fault(row, "names", f"{unknown[0]} has no row in {GPU_SPECS.name}")
    if (len(names) == 1) != (row["relation"] == "one"):
        raise _fault(row, "relation", "one needs one name, ambiguous and mixed need several")
    if row["default"] is not None and row["default"] not in names:
        raise _fault(row, "default", f"{row['default']} is not among the names")
    return Alias(row["alias"], names, row["relation"], row["default"], row["note"])


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";"))


def _fault(row: Record, column: str, message: str) -> DataError:
    return DataError(message, file=row["_file"], line=row["_line"], column=column)
