"""Options of the assumptions behind goodput, ownership, energy and scope, and their headings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from llmcost.cli.options import complete, depreciation_names, region_names, scope_names
from llmcost.cli.types import InUnit

F = TypeVar("F", bound=Callable[..., Any])
# Name of the option, the unit that its help declares (or none), metavar, help.
Row = tuple[str, str | None, str, str]

FAILURES: tuple[Row, ...] = (
    ("failure-rate", "1/GPU/hour", "RATE", "Failures per GPU-hour: 2e-5, '0.0005 /GPU/day'."),
    ("restart-time", "s", "TIME", "From failure to running again: '10 min'."),
    ("checkpoint-time", "s", "TIME", "Training stops for a checkpoint: '30 s'."),
    ("checkpoint-interval", "s", "TIME", "Between checkpoints: '1 hour'.  [default: the best]"),
    ("checkpoint-bandwidth", "byte/s/GPU", "RATE", "Storage, per GPU: '150 MB/s/GPU'."),
    ("checkpoint-bytes-per-parameter", "byte", "SIZE", "Size of a checkpoint: 14."),
    ("maintenance-share", None, "SHARE", "Share of time for planned maintenance: 1%."),
    ("steady-share", None, "SHARE", "Mean rate over that of a good step: slow steps: 93%."),
)
OWNERSHIP: tuple[Row, ...] = (
    ("server-price", "USD/GPU", "PRICE", "A server's price per GPU: '$36,000/GPU'."),
    ("network-share", None, "SHARE", "Network in the price of the cluster: 19%."),
    ("server-lifetime", "year", "TIME", "Straight-line life: 5, '60 months'."),
    ("cluster-utilization", None, "SHARE", "Share of the life's hours that run jobs: 80%."),
    ("hardware-price-decline", "1/year", "RATE", "Powers of ten a year, if declining: 0.14."),
    ("server-age", "year", "TIME", "Age at the start, if declining: '6 months'."),
    ("cost-of-capital", None, "SHARE", "Interest a year on the money tied up: 8%."),
)
ENERGY: tuple[Row, ...] = (
    ("rated-power", "W/GPU", "POWER", "Rated power of a chip: '700 W/GPU'."),
    ("server-power-ratio", None, "RATIO", "Server over its chips, rated power: 1.82."),
    ("power-draw-fraction", None, "SHARE", "Mean draw over rated power: 75%."),
    ("pue", None, "RATIO", "Building over servers: 1.1."),
    ("electricity-price", "USD/kWh", "PRICE", "USD/kWh: 0.08."),
    ("carbon-intensity", "kgCO2e/kWh", "RATE", "Of the grid, kgCO2e/kWh: 0.37."),
    ("embodied-carbon-per-gpu", "kgCO2e/GPU", "MASS", "Making the server, kgCO2e per GPU."),
    ("water-intensity", "litre/kWh", "RATE", "Litres per kWh: 1.1."),
)
DEVELOPMENT: tuple[Row, ...] = (
    ("experiments-ratio", None, "RATIO", "All compute over the final run's: 2.2, 1.2..4."),
    ("post-training-share", None, "SHARE", "Over the final run's compute: 5%."),
    ("post-training", None, "COUNT", "Instead, its tokens: 100B."),
    ("post-training-multiplier", None, "RATIO", "Compute per such token, for RL: 5."),
    ("staff", "person", "COUNT", "People, with --staff-time: 300."),
    ("staff-time", "year", "TIME", "How long they worked: '6 months'."),
    ("salary", None, "PAY", "With its period: '200k USD/person/year'."),
    ("staff-overhead", None, "RATIO", "Employer's cost over salary: 1.3."),
    ("equity-pay", None, "PAY", "Equity: '130k USD/person/year'."),
    ("staff-share", None, "SHARE", "Instead, staff over all of development: 40%."),
    ("rental-add-ons", None, "SHARE", "Storage, network, management over the rent: 40%."),
    ("storage-cost", "USD", "COST", "Instead, storage: $2M."),
    ("network-cost", "USD", "COST", "Instead, traffic: $1M."),
    ("data-cost", "USD", "COST", "Data that was bought or made: $10M."),
)
TABLES = {
    "Failures (goodput)": FAILURES,
    "Owning the cluster": OWNERSHIP,
    "Energy and carbon": ENERGY,
    "Beyond the final run (--scope development)": DEVELOPMENT,
}


def assumption_options(command: F) -> F:
    """Add the options of every assumption that has a default."""
    options = [_option(row) for table in TABLES.values() for row in table]
    options += [
        click.option(
            "--depreciation",
            metavar="KIND",
            help="straight-line or declining.  [default: straight-line]",
            shell_complete=complete(depreciation_names),
        ),
        click.option(
            "--region",
            metavar="NAME",
            help="Electricity and grid: us, france, virginia, ...  [default: us]",
            shell_complete=complete(region_names),
        ),
        click.option("--embodied", is_flag=True, default=None, help="Add embodied carbon."),
        click.option("--water", is_flag=True, default=None, help="Add water."),
        click.option(
            "--scope",
            metavar="NAME",
            help="final-run or development.  [default: final-run]",
            shell_complete=complete(scope_names),
        ),
        click.option("--equity/--no-equity", default=None, help="Count equity as pay."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _option(row: Row) -> Callable[[F], F]:
    name, unit, metavar, text = row
    kind = InUnit(unit) if unit else None
    return click.option(f"--{name}", metavar=metavar, type=kind, help=text)


def assumption_headings() -> dict[str, str]:
    """Return the heading of each of these options, in the order of the help."""
    found = {f"--{row[0]}": heading for heading, table in TABLES.items() for row in table}
    owning, energy, beyond = list(TABLES)[1:]
    return found | {
        "--depreciation": owning,
        "--region": energy,
        "--embodied": energy,
        "--water": energy,
        "--scope": beyond,
        "--equity": beyond,
    }
