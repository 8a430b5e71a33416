"""Pictures of every kind of mark, made up, for the tests of what draws them."""

from __future__ import annotations

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
from llmcost.table import Field, Table

TABLE = Table("numbers", (Field("name", "Name"),), (("one",),))
SOURCE = "llmcost 0.1.0, data 000000000000, 4,096 draws"


def picture(*panels, title="A finding", source=SOURCE, description="What it shows."):
    """A picture of these panels."""
    return Picture("made-up", title, description, source, tuple(panels), TABLE)


def categories(*names):
    """An axis of categories, the first on top."""
    return Axis(ticks=tuple((float(at), name) for at, name in enumerate(names)), reverse=True)


def costs():
    """Stacked bars with whiskers: rented, and owned of two parts."""
    bars = (
        Bars("Rental", PALETTE[0], (0.0, 1.0), (0.0, 0.0), (80e6, 0.0)),
        Bars("Servers", PALETTE[1], (1.0,), (0.0,), (30e6,)),
        Bars("Energy", PALETTE[2], (1.0,), (30e6,), (40e6,)),
        Whiskers("80% interval", (0.0, 1.0), (40e6, 30e6), (100e6, 60e6)),
    )
    panel = Panel(Axis("Cost", "USD"), categories("rented on demand", "owned"), bars)
    return picture(panel, title="Renting costs $80M ($40M – $100M); owning $40M")


def tornado():
    """Bars to both sides of a value."""
    marks = (
        Bars("low end", PALETTE[4], (0.0, 1.0), (50.0, 50.0), (20.0, 60.0)),
        Bars("high end", PALETTE[0], (0.0, 1.0), (50.0, 50.0), (100.0, 45.0)),
        Rule("estimate", 50.0),
    )
    axis = categories("Price: $2 → $4", "MFU: 34% → 46%")
    return picture(Panel(Axis("Cost", "USD"), axis, marks), title="The price moves it most")


def setups():
    """Named points with intervals, and the front as steps."""
    marks = (
        Line("front", NEUTRAL, (20.0, 60.0, 90.0), (90e6, 50e6, 40e6), steps=True),
        Points(
            "setups",
            PALETTE[0],
            (20.0, 60.0, 90.0, 80.0),
            (90e6, 50e6, 40e6, 80e6),
            names=("b200:8000", "h100-sxm:16000", "mi300x:4096", "a100"),
            x_low=(15.0, 50.0, 80.0, 70.0),
            x_high=(30.0, 75.0, 120.0, 95.0),
            y_low=(70e6, 40e6, 30e6, 60e6),
            y_high=(130e6, 80e6, 60e6, 99e6),
        ),
    )
    return picture(Panel(Axis("Wall clock", "day"), Axis("Cost", "USD", "log"), marks))


def claim():
    """Distributions above categories, and a claimed range."""
    xs = (10e6, 30e6, 100e6, 300e6)
    marks = (
        Region("claimed", CLAIM, 35e6, 200e6),
        Band("ours", PALETTE[0], xs, (0.0,) * 4, (0.0, 0.6, 0.5, 0.0)),
        Band("ours", PALETTE[0], xs, (1.0,) * 4, (1.0, 1.7, 1.2, 1.0)),
        Points("published", PALETTE[2], (150e6,), (0.0,), names=("somebody",), symbol="diamond"),
    )
    axis = Axis(ticks=((0.0, "owned"), (1.0, "rented")))
    return picture(Panel(Axis("Cost", "USD", "log"), axis, marks))


def history():
    """Prices by date in one panel, a share in another."""
    days = tuple(float(date(2024, month, 1).toordinal()) for month in (1, 4, 7, 10))
    dates = Axis("Seen on", scale="date")
    prices = Panel(
        dates,
        Axis("Price", "USD/GPU/hour"),
        (
            Points("quotes", PALETTE[0], days, (4.0, 3.5, 3.0, 2.0), symbol="star"),
            Line("median", PALETTE[0], days, (4.0, 3.5, 3.0, 2.0), dashed=True),
        ),
        title="Prices",
    )
    shares = Panel(
        dates,
        Axis("Share", "share"),
        (
            Region("normal", NEUTRAL, 0.3, 0.4, "y"),
            Rule("half", 0.5, "y"),
            Line("share", PALETTE[1], days, (0.3, 0.35, 0.45, 0.5)),
        ),
    )
    return picture(prices, shares)


ALL = (costs, tornado, setups, claim, history)
