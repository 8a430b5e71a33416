"""Parts of a track: where the time went, each launch, and what differs from an estimate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmcost.figures import EM_DASH, quantity_text
from llmcost.table import Bars, Cell, Field, Table

PART_TITLES = {
    "training": "Training, at the median step",
    "skipped_steps": "Steps without an update",
    "lost_work": "Work done again",
    "start_up": "Start-up of launches",
    "slow_first_steps": "Slow first steps",
    "evaluation": "Evaluation",
    "checkpoints": "Checkpoints",
    "evaluation_and_checkpoints": "Evaluation with checkpoints",
    "slower_steps": "Slower and faster steps",
    "after_last_step": "After the last step",
    "between_launches": "Between launches",
    "unexplained": "Not explained",
}
# The columns of launches that people are shown, where there is anything in them.
LAUNCH_TITLES = {
    "segment": "Launch",
    "log": "Log",
    "format": "Format",
    "first_step": "First step",
    "last_step": "Last step",
    "steps": "Steps",
    "repeated_steps": "Again",
    "start": "Began",
    "end": "Ended",
    "ending": "How",
}
TEXT_COLUMNS = ("log", "format", "start", "end", "ending")
ENDINGS = {"end": "in order", "stopped": "stopped"}
MOST_LAUNCHES = 12
# Parts of the wall clock that are a smaller share of it are in files alone.
TOO_LITTLE = 5e-4
AMOUNTS = {"gpu_hours": "GPU-hours", "cost": "Cost"}
ENDS = {"predicted": "Estimated, the whole run", "measured": "Measured so far"}
# The words of a cause that saves, and of one that costs.
CAUSES = {
    "tokens": ("tokens not yet done", "more tokens than estimated"),
    "speed": ("faster steps", "slower steps"),
    "foreseen_pauses": ("pauses that the estimate foresaw",) * 2,
    "slower_steps": ("steps that vary",) * 2,
    "rest": ("not told apart",) * 2,
    "price": ("a lower price", "a higher price"),
}
Parts = Mapping[str, Any]


def title_of(name: str) -> str:
    """Return the words of a name without a title of its own.

    >>> title_of("some_part")
    'Some part'
    """
    return PART_TITLES.get(name) or name.replace("_", " ").capitalize()


def wall_clock_table(report: Parts | None) -> Table | None:
    """Return where the time from the first stamp to the last went, each part with its share."""
    if not report or not report.get("parts") or not report["total"]["value"]:
        return None
    total = report["total"]
    least = TOO_LITTLE * total["value"]
    held = [(name, part) for name, part in report["parts"].items() if abs(part["value"]) > least]
    held.append(("total", total))
    rows = tuple(
        (name, part["value"], part["value"] / total["value"], part["unit"]) for name, part in held
    )
    return Table(
        "wall_clock",
        (
            Field("name", "Where the time went"),
            Field("value", "Time", align="right"),
            Field("share", "Share", align="right"),
            Field("unit", "Unit"),
        ),
        rows,
        texts=tuple(
            (
                "Wall clock so far" if name == "total" else title_of(name),
                quantity_text(value, unit),
                f"{share:.1%}",
                unit,
            )
            for name, value, share, unit in rows
        ),
        people_fields=("name", "value", "share"),
        bars=Bars(("share",)),
    )


def segment_table(segments: Sequence[Parts]) -> Table | None:
    """Return the launches of a run, a row each; none where there was only one."""
    if len(segments) < 2:
        return None
    names = list(dict.fromkeys(name for one in segments for name in one))
    shown = [n for n in LAUNCH_TITLES if any(one.get(n) not in (None, "") for one in segments)]
    if "log" in shown and len({one.get("log") for one in segments}) == 1:
        shown.remove("log")
    fields = tuple(
        Field(
            name,
            LAUNCH_TITLES.get(name, title_of(name)),
            "",
            "left" if name in TEXT_COLUMNS else "right",
        )
        for name in names
    )
    kept = segments if len(segments) <= MOST_LAUNCHES else _ends(segments)
    left = len(segments) - len(kept)
    notes = (f"{left:,} launches between them are in files: -o track.json.",) if left else ()
    return Table(
        "segments",
        fields,
        tuple(tuple(_cell(one.get(name)) for name in names) for one in kept),
        texts=tuple(tuple(_text(name, one.get(name)) for name in names) for one in kept),
        notes=notes,
        people_fields=tuple(shown) if shown else (),
    )


def _ends(segments: Sequence[Parts]) -> list[Parts]:
    half = MOST_LAUNCHES // 2
    return [*segments[:half], *segments[-half:]]


def _cell(value: Any) -> Cell:  # noqa: ANN401
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _text(name: str, value: Any) -> str:  # noqa: ANN401
    if value is None:
        return EM_DASH
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = ENDINGS.get(str(value), str(value)) if name == "ending" else str(value)
        return text.replace("T", " ", 1) if name in ("start", "end") else text
    return f"{value:,.0f}"


def difference_table(report: Parts | None) -> Table | None:
    """Return what was measured beside an estimate, and the causes that make the difference."""
    if not report:
        return None
    units, same = report["units"], report["predicted_for_these_tokens"]
    base = same["gpu_hours"]
    amounts = [name for name in ("gpu_hours", "cost") if report["measured"].get(name) is not None]
    rows = [("predicted", report["predicted"])]
    rows += [(cause, one) for cause, one in report["causes"].items() if _counts(one, same)]
    rows.append(("measured", report["measured"]))
    cells = [
        (name, *(one.get(each) for each in amounts), _share(name, one["gpu_hours"], base))
        for name, one in rows
    ]
    return Table(
        "difference",
        (
            Field("cause", f"Against {report['estimate']}"),
            *(Field(each, AMOUNTS[each], units[each], "right") for each in amounts),
            Field("share", "Share", align="right"),
        ),
        tuple(cells),
        texts=tuple(
            (
                _cause_title(name, one),
                *(_amount(name, one.get(each), units[each]) for each in amounts),
                EM_DASH if cell[-1] is None else f"{cell[-1]:+.1%}",
            )
            for (name, one), cell in zip(rows, cells, strict=True)
        ),
        notes=("Share: of the GPU-hours that the estimate has for the tokens done.",),
    )


def _counts(one: Parts, same: Parts) -> bool:
    """Return whether a cause makes enough of the estimate to be told to people."""
    return any(
        one.get(name) is not None and abs(one[name]) > TOO_LITTLE * (same.get(name) or 0.0)
        for name in AMOUNTS
    )


def _share(name: str, hours: float, base: float) -> float | None:
    if not base or name in ("predicted", "tokens", "price"):
        return None
    return hours / base - 1 if name == "measured" else hours / base


def _cause_title(name: str, one: Parts) -> str:
    if name in ENDS:
        return ENDS[name]
    less, more = CAUSES.get(name, (title_of(name).lower(),) * 2)
    size = one["gpu_hours"] or one.get("cost") or 0.0
    return f"  {more if size > 0 else less}"


def _amount(name: str, value: float | None, unit: str) -> str:
    text = quantity_text(value, unit).replace(" GPU-hours", "").replace(" GPU-hour", "")
    return f"+{text}" if name not in ENDS and value is not None and value > 0 else text
