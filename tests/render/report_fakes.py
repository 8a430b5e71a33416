"""A report made by hand, with a picture of every mark, and names that try to act."""

from datetime import date

from llmcost.picture import (
    CLAIM,
    NEUTRAL,
    PALETTE,
    Axis,
    Band,
    Bars,
    Line,
    Panel,
    Picture,
    Points,
    Region,
    Rule,
    Whiskers,
)
from llmcost.report import Footnote, Report, Section
from llmcost.table import Field, Table

SCRIPT = "<script>window.acted = 1</script>"
IMAGE = '"><img src=x onerror="window.acted = 2">'
LINK = "javascript:window.acted=3"
SOURCE = "llmcost 0.1.0, data b71080314878, 4,096 draws, prices up to 2026-09-06"


def numbers_table(name="numbers", title="The run in numbers"):
    """Return a table of quantities in several units, with sources."""
    fields = (
        Field("name", "Quantity"),
        Field("value", "Value", align="right"),
        Field("low", "Low", align="right"),
        Field("high", "High", align="right"),
        Field("unit", "Unit"),
        Field("sources", "Sources"),
    )
    rows = (
        ("GPU-hours", 3.08e7, 2.6e7, 4.2e7, "GPU*hour", "llama3; prices"),
        ("Cost", 7.7e7, 5.1e7, 1.4e8, "USD", "prices"),
        ("Wall clock", 80.3, 67.7, 109.4, "day", ""),
    )
    return Table(name, fields, rows, title=title, notes=("Ranges hold 80% of the draws.",))


def setups_table(count):
    """Return a table of `count` setups, the cheapest last but for one without a price."""
    fields = (
        Field("name", "Setup"),
        Field("gpus", "GPUs", align="right"),
        Field("cost", "Cost", "USD", align="right"),
        Field("wall_clock", "Wall clock", "day", align="right"),
        Field("sources", "Sources"),
    )
    rows = tuple(
        (
            f"h100-sxm:{1000 - at}",
            1000 - at,
            None if at == 1 else 9.87e6 - 1e3 * at,
            10.0 + at,
            "prices",
        )
        for at in range(count)
    )
    return Table("setups", fields, rows, title="Setups compared")


def picture(name, title, *panels):
    """Return a picture under words that it shares with the others."""
    return Picture(
        name=name,
        title=title,
        description="Renting on demand costs $77.0M ($51.0M to $140M); owning costs $42.8M.",
        source=SOURCE,
        panels=panels,
        table=numbers_table(f"{name}_numbers", "Numbers drawn"),
    )


def cost_picture():
    """Return stacked bars with intervals, under labels that try to act."""
    places = (0.0, 1.0, 2.0)
    panel = Panel(
        Axis("Cost of the run", "USD"),
        Axis(
            ticks=(
                (0.0, "rented on demand"),
                (1.0, "owned for its whole lifetime"),
                (2.0, f"spot {SCRIPT}"),
            ),
            reverse=True,
        ),
        (
            Bars("rental", PALETTE[0], (0.0, 2.0), (0.0, 0.0), (7.7e7, 3.1e7), ("Rent $77.0M", "")),
            Bars("servers", PALETTE[1], (1.0,), (0.0,), (2.8e7,), ("Servers $28.0M",)),
            Bars(f"energy {IMAGE}", PALETTE[2], (1.0,), (2.8e7,), (4.28e7,), ("Energy $14.8M",)),
            Whiskers("80% interval", places, (5.1e7, 3e7, 2e7), (1.4e8, 6.9e7, 5.5e7)),
        ),
    )
    return picture(
        "cost", "Renting costs $77.0M ($51.0M – $140M); owning the same hours $42.8M", panel
    )


def scatter_picture():
    """Return points with names and intervals on logarithmic axes, and a front of steps."""
    panel = Panel(
        Axis("Cost", "USD", "log"),
        Axis("Wall clock", "day", "log"),
        (
            Line("Pareto front", NEUTRAL, (3e7, 7.7e7, 2.1e8), (160.0, 80.0, 35.0), steps=True),
            Points(
                "on the front",
                PALETTE[0],
                (3e7, 7.7e7, 2.1e8),
                (160.0, 80.0, 35.0),
                names=("a100-sxm:4096", "h100-sxm:16000", "gb200:20000"),
                x_low=(2e7, 5.1e7, 1.5e8),
                x_high=(6e7, 1.4e8, 3.9e8),
                y_low=(140.0, 68.0, 30.0),
                y_high=(210.0, 109.0, 47.0),
            ),
            Points("beaten", PALETTE[1], (1.2e8,), (120.0,), ("mi300x:8000",), symbol="diamond"),
        ),
    )
    return picture("cost-and-time", "gb200:20000 is fastest, a100-sxm:4096 cheapest", panel)


def claim_picture():
    """Return distributions against a claimed stretch, over a second panel."""
    x = tuple(2e7 * 1.2**step for step in range(16))
    bump = tuple(max(0.0, 0.4 - abs(step - 8) / 18) for step in range(16))
    first = Panel(
        Axis("Cost", "USD", "log"),
        Axis(ticks=((0.0, "rented on demand"), (1.0, "owned"))),
        (
            Region("claimed: $35M – $200M", CLAIM, 3.5e7, 2e8),
            Band("our draws", PALETTE[0], x, (0.0,) * 16, bump),
            Band("our draws", PALETTE[0], x, (1.0,) * 16, tuple(1 + each for each in bump)),
            Points("published", PALETTE[3], (5.2e7,), (0.0,), ("Essay: $52M",), symbol="star"),
            Rule("median", 7.7e7),
        ),
        title="Against the claim",
    )
    days = tuple(float(date(2024, month, 1).toordinal()) for month in (1, 4, 7, 10))
    second = Panel(
        Axis("Day seen", scale="date"),
        Axis("Price", "USD/GPU/hour", limits=(0.0, 4.0)),
        (
            Points("on demand", PALETTE[4], days, (3.9, 3.2, 2.9, 2.4), ("a", "b", "c", "d")),
            Line("median", PALETTE[5], days, (3.8, 3.3, 2.8, 2.5), dashed=True),
        ),
        title="Price",
    )
    return picture("claim", "Renting falls inside the claim; 12% lie beyond", first, second)


def report(rows=12, results=None):
    """Return the whole report, with a table of so many `rows`."""
    return Report(
        title=f"Training llama-3.1-405b on 16,000 h100-sxm {SCRIPT}",
        summary=(
            "Renting costs $77.0M ($51.0M – $140M) and takes 80.3 days (67.7 – 109).",
            "Price and MFU move the cost most; nine draws in ten lie below $140M [@prices].",
        ),
        sections=(
            Section(
                "estimate",
                "What it takes",
                ("The run trains 405.9B parameters on 15T tokens [@llama3; @prices].",),
                (cost_picture(), claim_picture()),
                (numbers_table(),),
            ),
            Section(
                "comparison",
                f"Setups compared {IMAGE}",
                (f"A paragraph that tries {SCRIPT} and cites [@nobody].",),
                (scatter_picture(),),
                (setups_table(rows),),
            ),
        ),
        methods="FLOP follow the published formula [@llama3]. Intervals hold 80% of 4,096 draws.",
        footnotes=(
            Footnote(
                "llama3",
                "The Llama 3 Herd of Models",
                "Grattafiori et al.",
                "2024-07-31",
                "2026-09-01",
                "https://arxiv.org/abs/2407.21783",
            ),
            Footnote("prices", f"Prices {IMAGE}", "", "2026-09-06", "2026-09-06", LINK, True),
        ),
        warnings=(f"The price is older than 90 days {SCRIPT}", "MFU lies outside what was seen."),
        made_by=(
            ("Command", f"llmcost estimate llama-3.1-405b --tokens 15T --name '{SCRIPT}'"),
            ("llmcost", "0.1.0"),
            ("Data", "b71080314878"),
            ("Seed", "20240723"),
        ),
        results=results or ((f"est{IMAGE}.json", {"schema": "llmcost.estimate/1", "n": SCRIPT}),),
    )
