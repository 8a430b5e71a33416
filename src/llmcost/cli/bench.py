"""``llmcost bench``: what does this machine reach?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from llmcost.cli.failure import EXIT_INPUT, EXIT_INTERRUPTED
from llmcost.cli.options import (
    OUTPUT,
    complete,
    complete_file,
    model_names,
    output_options,
    precision_names,
    with_variables,
)
from llmcost.errors import InputError, shown

if TYPE_CHECKING:
    from llmcost.bench.running import Request
    from llmcost.bench.shapes import Shape

# Those of llmcost.bench.running, which the help does not load.
FAMILIES = ("matmul", "memory", "attention", "step", "optimizer", "collective")
# What a sample is of, in a line of progress.
WORDS = ("dtype", "role", "op", "part")
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 80}


@click.command(context_settings=SETTINGS)
@click.option(
    "--device",
    metavar="NAME",
    default="auto",
    show_default=True,
    help="cpu, cuda:0 (AMD's too) or all; auto: an accelerator if there is one.",
)
@click.option(
    "--what",
    metavar="NAMES",
    help=f"Some of {', '.join(FAMILIES)}.  [default: all]",
)
@click.option(
    "--model",
    metavar="MODEL",
    help="Whose shapes: a catalogue name or config.json.  [default: llama-3.1-8b; on a CPU a "
    "model of 5.3M parameters]",
    shell_complete=complete(model_names, suffix=".json"),
)
@click.option(
    "--precision",
    metavar="NAMES",
    help="bf16, fp8, fp32, ..., separated by commas.  [default: bf16; on a CPU fp32]",
    shell_complete=complete(precision_names),
)
@click.option("--seq-length", metavar="COUNT", help="Tokens per sequence.  [default: 4096]")
@click.option("--micro-batch-size", metavar="COUNT", help="Sequences at once.  [default: 1]")
@click.option("--quick", is_flag=True, help="In 30 s: fewer sizes, shorter.")
@click.option("--full", is_flag=True, help="In 10 minutes: more sizes, longer.")
@click.option("--budget", metavar="TIME", help="For all of it: 120 s, 5 min.  [default: 120 s]")
@click.option(
    "--compare",
    metavar="FILE",
    help="Beside another saved measurement.",
    shell_complete=complete_file,
)
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@output_options
@click.pass_context
def bench(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401
    """What does this machine reach?

    Measures matrix products, memory, attention, a training step of a few
    layers, the optimizer and exchanges between devices, each in a process of
    its own, and holds the rates against the accelerator's specification.
    The device is only read, never set. With -o FILE.json the measurement can
    anchor an estimate: llmcost estimate ... --anchor FILE.json.

    Needs PyTorch (the extra: bench); without it products and memory of the CPU
    are measured with NumPy. What another process disturbed is marked so.

    \b
    Examples:
      llmcost bench --quick
      llmcost bench --model llama-3.1-8b --precision bf16,fp8 -o h100.json
      llmcost bench --device all --what matmul,collective
      llmcost bench --compare last-week.json
    """
    from llmcost.cli.output import check_asked, emit
    from llmcost.studies.benching.answer import bench as answer
    from llmcost.views.benches import bench_document

    del ctx
    shape = {name: options.pop(name) for name in OUTPUT}
    options.pop("debug")
    check_asked(**shape)
    quiet = options.pop("quiet")
    compare = options.pop("compare")
    request = request_from(options)
    found = answer(
        request,
        compare=compare,
        on_sample=None if quiet else _tell_sample,
        on_start=None if quiet else _tell_start,
    )
    emit(bench_document(found), **shape)
    if found.status == "interrupted":
        return EXIT_INTERRUPTED
    if not found.measured["samples"]:
        told = found.measured["not_measured"]
        reason = next((str(one["reason"]) for one in told), "no family was asked for")
        click.echo(f"Error: nothing was measured: {reason}. Give more time: --budget.", err=True)
        return EXIT_INPUT
    return 0


def request_from(options: Mapping[str, Any]) -> Request:
    """Return what options ask for; raises InputError for what cannot be read."""
    from llmcost.bench.running import Request

    seq_length = _count("--seq-length", options["seq_length"])
    micro_batch_size = _count("--micro-batch-size", options["micro_batch_size"])
    return Request(
        what=_names(options["what"]) or FAMILIES,
        device=options["device"],
        precisions=_names(options["precision"]),
        shape=_shape(options["model"]),
        seq_length=seq_length,
        micro_batch_size=micro_batch_size,
        effort=_effort(quick=options["quick"], full=options["full"]),
        budget=_seconds(options["budget"]),
    )


def _names(text: str | None) -> tuple[str, ...]:
    names = [name.strip().lower() for name in (text or "").split(",") if name.strip()]
    return () if names == ["all"] else tuple(dict.fromkeys(names))


def _effort(*, quick: bool, full: bool) -> str:
    if quick and full:
        raise InputError("quick: got beside --full; give only one.")
    return "quick" if quick else "full" if full else "normal"


def _count(option: str, text: str | None) -> int | None:
    from llmcost.reading import read_count

    if text is None:
        return None
    value = read_count(text)
    if value < 1 or value != int(value):
        raise InputError(f"{option}: got {shown(text)}; needs a whole number of 1 or more.")
    return int(value)


def _seconds(text: str | None) -> float | None:
    from llmcost.units import in_unit

    return None if text is None else float(in_unit(text, "s", "budget"))


def _shape(model: str | None) -> Shape | None:
    """Return the shape that a model's layers have; its batch is that of the device's usual one."""
    if model is None:
        return None
    from llmcost.studies.benching.answer import shape_of

    return shape_of(model)


def _tell_start(family: str) -> None:
    click.echo(f"Measuring {family} ...", err=True)


def _tell_sample(sample: Mapping[str, Any]) -> None:
    from llmcost.figures import quantity_text

    about = " ".join([str(sample[key]) for key in WORDS if key in sample] + _size(sample))
    rate = quantity_text(sample["value"], sample["unit"])
    disturbed = f" (disturbed: {sample['disturbance']})" if sample["disturbed"] else ""
    click.echo(f"  {sample['kind']} {about}: {rate}{disturbed}", err=True)


def _size(sample: Mapping[str, Any]) -> list[str]:
    """Return how large a sample is, in words."""
    from llmcost.figures import quantity_text

    if sample["kind"] == "gemm":
        return ["x".join(str(sample[side]) for side in "mnk")]
    if sample["kind"] == "collective":
        return [quantity_text(sample["bytes"], "byte")]
    return [f"of {sample['layers']} layers"] if "layers" in sample else []


with_variables(bench)
