"""Options that describe a run, its cluster and its price: for every command that estimates one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from llmcost.cli.assumption_options import assumption_headings, assumption_options
from llmcost.cli.options import (
    attention_names,
    complete,
    complete_file,
    currency_names,
    gpu_names,
    law_names,
    method_names,
    model_names,
    provider_names,
    recompute_names,
    step_options,
    terms_names,
)
from llmcost.cli.types import InUnit, Whole

F = TypeVar("F", bound=Callable[..., Any])
HEADINGS = {
    "The run": ("tokens", "gpu", "gpus", "parameters", "active-parameters", "precision"),
    "Its speed": (
        *("mfu", "throughput", "layout", "global-batch-size", "seq-length", "framework"),
        *("recompute", "anchor", "goodput"),
    ),
    "Rental price": (
        *("price", "price-per-node-hour", "gpus-per-node", "provider", "terms", "as-of"),
        *("strict", "today"),
    ),
}
REST = "The answer"


def run_options(command: F) -> F:
    """Add every option of a run, the assumptions around it, and the draws behind its ranges."""
    command = _draw_options(command)
    command = assumption_options(command)
    command = price_options(command)
    command = _speed_options(command)
    command = step_options(command)
    return _subject_options(command)


def run_headings() -> dict[str, str]:
    """Return the heading of each option of a run, in the order of the help."""
    own = {f"--{name}": heading for heading, names in HEADINGS.items() for name in names}
    return own | assumption_headings()


def _subject_options(command: F) -> F:
    """Add the model, its tokens and the accelerators."""
    options = (
        click.argument(
            "model",
            required=False,
            shell_complete=complete(model_names, suffix=".json"),
        ),
        click.option(
            "--tokens", metavar="COUNT", help="Training tokens: 15T, 1.5e13, '15 trillion'."
        ),
        click.option(
            "--gpu",
            metavar="NAME",
            help="Accelerator: h100-sxm.",
            shell_complete=complete(gpu_names),
        ),
        click.option(
            "--gpus", "num_gpus", metavar="COUNT", help="How many accelerators: 16000, 16k."
        ),
        click.option("--parameters", metavar="COUNT", help="Instead of MODEL: 405B."),
        click.option(
            "--active-parameters", metavar="COUNT", help="Used per token, in a mixture of experts."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _speed_options(command: F) -> F:
    """Add what says how fast a run is."""
    options = (
        click.option("--mfu", metavar="SHARE", help="Model FLOP utilization: 41%, 0.41, 35..45%."),
        click.option(
            "--throughput",
            metavar="RATE",
            help="Measured rate of one device, instead of --mfu: '430 TFLOP/s/GPU', "
            "'9,500 token/s/GPU'.",
        ),
        click.option(
            "--goodput", metavar="SHARE", help="Share of wall clock that moved training forward."
        ),
        click.option(
            "--recompute",
            metavar="KIND",
            help="none, selective or full.",
            shell_complete=complete(recompute_names),
        ),
        click.option(
            "--layout",
            metavar="LAYOUT",
            help="How the work is split, whole or in part: tp=8,pp=16,dp=128.  [default: the "
            "fastest that fits]",
        ),
        click.option(
            "--global-batch-size",
            metavar="COUNT",
            help="Sequences of a step (2048), or tokens: '16M tokens'.  [default: published, or "
            "by rule]",
        ),
        click.option(
            "--anchor",
            metavar="RUN",
            help="Scale to a measured run of this model: '12.3 s/step on 512 h100-sxm, tp=4,pp=8', "
            "the id of a row of throughput.csv, or FILE.json of llmcost track or bench.",
            shell_complete=complete_file,
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def price_options(command: F) -> F:
    """Add what says what an hour costs."""
    options = (
        click.option(
            "--price",
            metavar="PRICE",
            type=InUnit("USD/GPU/hour"),
            help="USD/GPU/hour: 2.50, '2.50 USD/GPU/hour', '$2.50/GPU-h', '2..3 USD/GPU/hour'.",
        ),
        click.option(
            "--price-per-node-hour",
            metavar="PRICE",
            type=InUnit("USD/hour"),
            help="USD/hour of a whole node; needs --gpus-per-node.",
        ),
        click.option("--gpus-per-node", metavar="COUNT", help="Accelerators in a node: 8."),
        click.option(
            "--provider",
            metavar="NAME",
            help="Price of this provider, from the catalogue.",
            shell_complete=complete(provider_names),
        ),
        click.option(
            "--terms",
            metavar="NAME",
            help="on-demand, spot, reserved-1y, ...  [default: on-demand]",
            shell_complete=complete(terms_names),
        ),
        click.option(
            "--as-of", metavar="DATE", help="Prices up to this day.  [default: newest price]"
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def asked_options(command: F) -> F:
    """Add what an estimate can be asked for beside its numbers."""
    options = (
        click.option(
            "--max-cost", metavar="COST", type=InUnit("USD"), help="USD; exit 1 when over: $100M."
        ),
        click.option(
            "--thresholds", is_flag=True, help="Set FLOP and cost against regulatory thresholds."
        ),
        click.option(
            "--method",
            metavar="NAME",
            help="Add the cost by a published method: epoch-2024.",
            shell_complete=complete(method_names),
        ),
        click.option(
            "--currency",
            metavar="CODE",
            help="Add amounts in another currency: EUR.",
            shell_complete=complete(currency_names),
        ),
        click.option("--dollars-of", metavar="YEAR", help="Add amounts in the dollars of a year."),
        click.option(
            "--interval",
            metavar="SHARE",
            default="80%",
            show_default=True,
            help="Share of the draws between low and high.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _draw_options(command: F) -> F:
    """Add conventions and draws."""
    options = (
        click.option(
            "--attention-flop",
            metavar="KIND",
            default="causal",
            show_default=True,
            help="Count attention causal-halved (causal) or full.",
            shell_complete=complete(attention_names),
        ),
        click.option(
            "--scaling-law",
            metavar="NAME",
            default="hoffmann-2022-approach-1",
            show_default=True,
            help="Law behind the compute-optimal tokens.",
            shell_complete=complete(law_names),
        ),
        click.option(
            "--draws",
            type=Whole(),
            default="4096",
            show_default=True,
            help="Draws behind the ranges.",
        ),
        click.option(
            "--seed", type=Whole(), default="20240723", show_default=True, help="Seed of the draws."
        ),
        click.option(
            "--strict", is_flag=True, help="Refuse a price more than 90 days old (exit 3)."
        ),
        click.option(
            "--today", metavar="DATE", help="Day the age of prices counts from.  [default: today]"
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command
