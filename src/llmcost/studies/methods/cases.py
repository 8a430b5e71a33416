"""One training run as the method epoch-2024 wants it: hardware, device time, dates.

Rules, in the order that they are tried. Device time is stated; or devices times hours; or training
compute over peak times MFU, 0.375 where none is known. Training starts 60 days and its own length
before publication, unless the start is known; a run of unknown length took 33 days.

Source: Cottier et al. 2024 (arXiv 2405.21015) and its authors' script at commit 263c40a.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from math import isfinite
from typing import Any

from llmcost.catalog.columns import day_from
from llmcost.catalog.epoch_2024 import Device, Run, device, listed_run, value_of
from llmcost.errors import InputError
from llmcost.formulas.duration import HOURS_PER_DAY
from llmcost.formulas.duration import gpu_hours as hours_of_flop

POSITIVE = (
    *("num_gpus", "gpu_hours", "training_time", "model_flop", "mfu"),
    *("rated_power", "purchase_price", "price"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """What the method counts with for one run.

    Units: gpu_hours [GPU*hour], num_gpus [GPU], rated_power [W/GPU], purchase_price [USD/GPU],
    price [USD/GPU/hour]. `notes` say what the rules filled in; `price` is a rental price that takes
    the place of the list's.
    """

    model: str
    organisation: str
    published: date
    training_start: date
    training_start_from: str
    device: Device
    gpu_hours: float
    gpu_hours_from: str
    num_gpus: float | None
    rated_power: float
    purchase_price: float
    price: float | None
    sources: tuple[str, ...]
    notes: tuple[str, ...]


def case_of(
    *,
    gpu: str,
    num_gpus: float | None = None,
    gpu_hours: float | None = None,
    training_time: float | None = None,
    model_flop: float | None = None,
    mfu: float | None = None,
    training_start: date | str | None = None,
    published: date | str | None = None,
    organisation: str = "",
    model: str = "",
    rated_power: float | None = None,
    purchase_price: float | None = None,
    price: float | None = None,
    sources: tuple[str, ...] = (),
) -> Case:
    """Return the case of a run, with what is not given filled in by the rules of the method.

    Units: gpu_hours [GPU*hour], num_gpus [GPU], training_time [hour], model_flop [FLOP],
    rated_power [W/GPU], purchase_price [USD/GPU], price [USD/GPU/hour]. `organisation` decides the
    PUE and the cloud. Raises InputError where neither a date nor any device time can be had, for
    numbers that are not positive, and for an accelerator that the method has no price for.
    """
    given = {name: value for name, value in locals().items() if name in POSITIVE}
    _check(given)
    found = device(gpu)
    hours, how = _gpu_hours(found, given)
    length = _length(training_time)
    start, out = _dates(training_start, published, length)
    return Case(
        model=model,
        organisation=organisation,
        published=out,
        training_start=start,
        training_start_from=_start_from(training_start, length),
        device=found,
        gpu_hours=hours,
        gpu_hours_from=how,
        num_gpus=num_gpus,
        rated_power=rated_power or found.rated_power,
        purchase_price=purchase_price or found.purchase_price,
        price=price,
        sources=sources,
        notes=tuple(_notes(training_time, training_start, published)),
    )


def listed_case(name: str, as_then: Mapping[str, float | str] | None = None) -> Case:
    """Return the case of a run that the method's authors list, by its model.

    `as_then` replaces inputs by name. Raises UnknownNameError for another model.
    """
    return case_of(**inputs_of(listed_run(name)) | dict(as_then or {}))


def inputs_of(run: Run) -> dict[str, Any]:
    """Return the arguments of `case_of` for a listed run."""
    return {
        "gpu": run.gpu,
        "num_gpus": run.num_gpus,
        "gpu_hours": run.gpu_hours,
        "training_time": run.training_time,
        "model_flop": run.model_flop,
        "mfu": run.mfu,
        "training_start": run.training_start,
        "published": run.published,
        "organisation": run.organisation,
        "model": run.model,
        "rated_power": run.rated_power,
        "sources": run.sources,
    }


def _check(given: Mapping[str, Any]) -> None:
    for name, value in given.items():
        if value is not None and not (isfinite(value) and value > 0):
            raise InputError(f"{name}: got {value:g}; needs a finite number above 0.")
    if (given["mfu"] or 0) > 1:
        raise InputError(f"mfu: got {given['mfu']:g}; needs a share of the peak, at most 1.")


def _gpu_hours(found: Device, given: Mapping[str, float | None]) -> tuple[float, str]:
    stated, devices, length = given["gpu_hours"], given["num_gpus"], given["training_time"]
    if stated:
        return stated, "as stated"
    if devices and length:
        return devices * length, "devices times hours"
    if not given["model_flop"]:
        raise InputError(
            "epoch-2024 needs the device time of the run: give gpu_hours, or num_gpus and "
            "training_time, or model_flop."
        )
    mfu = given["mfu"] or value_of("mfu")
    hours = hours_of_flop.kernel(
        model_flop=given["model_flop"],
        peak_flop_rate=found.peak_flop_rate,
        mfu=mfu,
        goodput=1.0,
        steady_share=1.0,
    )
    return hours, f"training compute over {found.peak_flop_rate / 1e12:g} TFLOP/s at MFU {mfu:g}"


def _length(training_time: float | None) -> timedelta:
    """Return the elapsed time that dates count with, in whole hours where it is known."""
    if training_time is not None:
        return timedelta(hours=int(training_time))
    return timedelta(hours=value_of("training_time"))


def _notes(length: float | None, start: object, published: object) -> Iterator[str]:
    """Yield what the rules filled in for the dates."""
    if length is None and not (start and published):
        days = value_of("training_time") / HOURS_PER_DAY
        yield f"the length of training is not known: {days:.0f} days count for the dates"
    if published is None:
        days = value_of("training_to_publication")
        yield f"publication, for the price of electricity, is taken {days:.0f} days after training"


def _start_from(stated: date | str | None, length: timedelta) -> str:
    if stated is not None:
        return "as stated"
    days = value_of("training_to_publication")
    return f"{length / timedelta(hours=1):,.0f} hours and {days:.0f} days before publication"


def _dates(
    start: date | str | None, published: date | str | None, length: timedelta
) -> tuple[date, date]:
    """Return the days of the start of training and of publication."""
    after = timedelta(days=value_of("training_to_publication"))
    out = None if published is None else day_from(published, "published")
    began = None if start is None else day_from(start, "training_start")
    if began is None and out is None:
        raise InputError(
            "epoch-2024 needs a date, for the value of the hardware: give training_start or "
            "published."
        )
    if began is None and out is not None:
        began = (datetime.combine(out, time()) - length - after).date()
    if out is None and began is not None:
        out = (datetime.combine(began, time()) + length + after).date()
    if began is None or out is None or out < began:
        raise InputError(f"published: got {out}, before training started on {began}.")
    return began, out
