"""Benches to documents: what a machine reaches, beside what it should, and every sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from llmcost.figures import EM_DASH, quantity_text, range_text
from llmcost.studies.benching.comparing import sample_name
from llmcost.table import Cell, Document, Field, Table

if TYPE_CHECKING:
    from llmcost.studies.benching.record import Bench, Compared
    from llmcost.studies.tracking.answer import Reading

TITLES = {
    "best_matmul_rate": "Fastest matrix product",
    "matmul_rate": "Large matrix products",
    "memory_rate": "Memory bandwidth",
    "attention_rate": "Attention, forward",
    "update_time": "Optimizer, for one parameter",
    "step_time": "Training step of the block",
    "layer_time": "  of it one layer",
    "fixed_time": "  of it embedding and output",
    "tokens_per_second": "Tokens per second of the block",
    "model_flop_rate": "Model FLOP/s of the block",
    "mfu": "MFU",
    "mfu_full_attention": "MFU, attention in full",
    "mamfu": "Share of the fastest product",
    "residual": "Step over its prediction",
    "link_bandwidth": "Links between devices",
    "link_latency": "A small exchange",
}
SHARES = ("mfu", "mfu_full_attention", "mamfu", "residual")
SHAPES = (
    *("m", "n", "k", "batch", "heads", "kv_heads", "head_dim", "layers", "hidden", "vocab"),
    *("seq_length", "micro_batch_size", "tokens", "parameters", "bytes", "ranks", "index"),
)
TIMES = ("median_s", "p20_s", "p80_s", "best_s")
NOTE = (
    "Medians of the runs, from their 20th to their 80th percentile; of what several samples were "
    "fitted for, the 80% interval."
)
WORDS = ("role", "op", "part", "model", "backend", "implementation")
FLAT = (
    *(Field("kind", "Kind"), Field("dtype", "Precision"), Field("by", "By")),
    *(Field(name, name.replace("_", " ").capitalize()) for name in WORDS),
    *(Field(name, name.replace("_", " ").capitalize(), align="right") for name in SHAPES),
    *(Field(name.removesuffix("_s"), name[:-2].capitalize(), "s", "right") for name in TIMES),
    *(Field("value", "Rate", align="right"), Field("best_value", "Best rate", align="right")),
    *(Field("unit", "Unit"), Field("runs", "Runs", align="right")),
    *(Field("disturbed", "Disturbed"), Field("verified", "Verified")),
)


def bench_document(bench: Bench) -> Document:
    """Return the document of a bench: results, what they are held against, every sample."""
    tables = (
        _result_table(bench),
        _comparison_table(bench),
        _beside_table(bench),
        _sample_table(bench),
        _missing_table(bench),
    )
    return Document(
        title=bench_title(bench),
        tables=tuple(table for table in tables if table.rows),
        flat=_flat(bench),
        data=bench.to_dict(),
        messages=tuple(one.message for one in bench.warnings),
        footer=_footer(bench),
    )


def bench_title(bench: Bench) -> str:
    """Return what was measured, in a line: the device, what it computed, and how it ended."""
    request = bench.measured.get("request") or {}
    parts = [bench.device, str(request.get("effort", "")), bench.status]
    count = bench.measured["device"].get("count") or 1
    parts[0] += f" x {count}" if count > 1 else ""
    return " · ".join(part for part in parts if part and part != "complete")


def _result_table(bench: Bench) -> Table:
    shown = [(name, one) for name, one in bench.results.items() if one.value is not None]
    fields = (
        Field("name", "Result"),
        Field("value", "Value", align="right"),
        Field("range", "Low – high", align="right"),
        Field("how", "From"),
    )
    rows = tuple((name, one.value, _range(name, one), one.how) for name, one in shown)
    texts = tuple(
        (TITLES[name], result_text(name, one), _range(name, one), one.how) for name, one in shown
    )
    return Table(
        "results", fields, rows, title="What it reaches", texts=texts, notes=(NOTE,) if rows else ()
    )


def result_text(name: str, one: Reading) -> str:
    """Return a result as people read it; a residual has its sign."""
    if one.value is None:
        return EM_DASH
    value = float(one.value)
    if name == "residual":
        return f"{value:+.0%}"
    return quantity_text(value, "share" if name in SHARES else one.unit)


def _range(name: str, one: Reading) -> str:
    if one.low is None or one.high is None or one.value is None:
        return ""
    unit = "share" if name in SHARES else one.unit
    return range_text(float(one.low), float(one.high), unit, like=float(one.value))


def _comparison_table(bench: Bench) -> Table:
    held = [one for one in bench.comparison if one.other is None]
    fields = (
        Field("name", "Rate"),
        Field("measured", "Measured", align="right"),
        Field("specification", "Specification", align="right"),
        Field("share", "Of it", align="right"),
        Field("published", "Best published", align="right"),
        Field("published_share", "Of it", align="right"),
        Field("verdict", "Verdict"),
        Field("beside", "Published for"),
    )
    known = [one for one in held if one.specification is not None]
    return Table(
        "comparison",
        fields,
        tuple(
            (
                *(one.name, one.measured, one.specification, one.share),
                *(one.published, one.published_share, one.verdict, one.beside),
            )
            for one in known
        ),
        title="Beside the specification and what was published",
        texts=tuple(_held_text(one) for one in known),
    )


def _held_text(one: Compared) -> tuple[str, ...]:
    return (
        _rate_name(one.name),
        quantity_text(one.measured, one.unit),
        quantity_text(one.specification, one.unit),
        quantity_text(one.share, "share"),
        quantity_text(one.published, one.unit),
        quantity_text(one.published_share, "share"),
        one.verdict,
        one.beside or EM_DASH,
    )


def _rate_name(name: str) -> str:
    base, _, dtype = name.partition(".")
    return f"{TITLES[base]}, {dtype}" if dtype else TITLES[base]


def _beside_table(bench: Bench) -> Table:
    beside = [one for one in bench.comparison if one.other is not None]
    fields = (
        Field("name", "Sample"),
        Field("measured", "Here", align="right"),
        Field("other", "There", align="right"),
        Field("ratio", "Here over there", align="right"),
        Field("verdict", "Verdict"),
    )
    title = f"Beside {beside[0].beside}" if beside else ""
    rows = tuple((one.name, one.measured, one.other, one.ratio, one.verdict) for one in beside)
    texts = tuple(
        (
            one.name,
            quantity_text(one.measured, one.unit),
            quantity_text(one.other, one.unit),
            quantity_text(one.ratio, "share"),
            one.verdict,
        )
        for one in beside
    )
    return Table("beside", fields, rows, title=title, texts=texts)


def _sample_table(bench: Bench) -> Table:
    samples = bench.measured["samples"]
    fields = (
        Field("sample", "Sample"),
        Field("median", "Median", "s", "right"),
        Field("value", "Rate", align="right"),
        Field("best_value", "Best", align="right"),
        Field("disturbed", "Disturbed"),
    )
    rows = tuple(
        (
            *(sample_name(one), one["median_s"], one["value"], one["best_value"]),
            bool(one.get("disturbed")),
        )
        for one in samples
    )
    texts = tuple(
        (
            sample_name(one),
            quantity_text(one["median_s"], "s"),
            quantity_text(one["value"], one["unit"]),
            quantity_text(one["best_value"], one["unit"]),
            str(one.get("disturbance") or ""),
        )
        for one in samples
    )
    return Table("samples", fields, rows, title="Samples", texts=texts)


def _missing_table(bench: Bench) -> Table:
    found = [(_about(one), str(one["reason"])) for one in bench.measured["not_measured"]]
    fields = (Field("what", "Not measured"), Field("reason", "Why"))
    return Table("not_measured", fields, tuple(dict.fromkeys(found)))


def _about(one: Mapping[str, Any]) -> str:
    words = [str(one[name]) for name in ("kind", "role", "op", "part", "dtype") if one.get(name)]
    return " ".join([*words, *([f"{one['layers']} layers"] if "layers" in one else [])])


def _footer(bench: Bench) -> str:
    host = bench.measured["host"]
    told = [f"{host.get('threads')} threads", f"Python {host.get('python')}"]
    told += [f"{name} {host[name]}" for name in ("torch", "numpy") if host.get(name)]
    return f"Measured {bench.measured['measured_at']}: {', '.join(told)}."


def _flat(bench: Bench) -> Table:
    return Table("samples", FLAT, tuple(tuple(_cells(one)) for one in bench.measured["samples"]))


def _cells(one: Mapping[str, Any]) -> Iterator[Cell]:
    for field in FLAT:
        name = f"{field.name}_s" if f"{field.name}_s" in TIMES else field.name
        yield one.get(name)
