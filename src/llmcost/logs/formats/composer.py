"""What Composer prints, and LLM Foundry with it: records of many lines.

``[batch=10/60]:`` begins a record; lines such as ``Train time/token: 60416`` add to it. With
epochs the header numbers batches of the epoch, so that the step is taken from ``time/batch``: the
batches done before this one, as are ``time/sample`` and ``time/token``. The rates are means over
a window (100 batches unless said) without evaluation; ``throughput/device`` is per process. Times
are hours, which is Composer's default and stands in no line; the MFU is a share, with attention
counted in LLM Foundry. ``batches_per_sec``, of four decimals, is too coarse to be read.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.keyed import number_at
from llmcost.logs.record import END, EVALUATION, FACT, LAUNCH, Number, Parsed

_HOUR = 3600.0
# Behind "Train ".
_KEYS: dict[bytes, tuple[str, float]] = {
    b"time/batch": ("step", 1.0),
    b"time/sample": ("samples_total", 1.0),
    b"time/token": ("tokens_total", 1.0),
    b"time/train": ("train_clock", _HOUR),
    b"time/total": ("run_clock", _HOUR),
    b"loss/train/total": ("loss", 1.0),
    b"throughput/tokens_per_sec": ("tokens_per_second", 1.0),
    b"throughput/samples_per_sec": ("samples_per_second", 1.0),
    b"throughput/device/tokens_per_sec": ("tokens_per_gpu_second", 1.0),
    b"throughput/device/samples_per_sec": ("samples_per_gpu_second", 1.0),
    b"throughput/device/flops_per_sec": ("stated_flop_rate", 1.0),
    b"throughput/device/mfu": ("stated_mfu", 1.0),
}
_HEADER = re.compile(
    rb"\s{0,8}(\[epoch=\d{1,9}\])?"
    rb"\[(batch|token|sample|epoch|iteration)=(\d{1,18})(?:/(\d{1,18}))?\]:?\s{0,8}$"
)
_PRECISION = re.compile(rb"Using precision Precision\.(?:AMP_)?(BF16|FP16|FP32|FP8)\b")
_EVALUATED, _TRAINS = b"[Eval batch=", b"Train "
_PRECISE, _STARTS, _DONE = (
    *(b"Using precision Precision.", b"__main__: Starting training..."),
    b"llmfoundry.command_utils.train: Done.",
)
_UNITS = (b"[batch=", b"[token=", b"[sample=", b"[epoch=", b"[iteration=")


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: the header of a record, a value of it, or an event."""
    text = line.lstrip()
    if text.startswith(_TRAINS):
        return _value(line, len(line) - len(text) + len(_TRAINS))
    if text.startswith(_EVALUATED):
        return Parsed(event=EVALUATION)
    if text.startswith(_UNITS):
        return _header(line)
    return _event(line)


def _value(line: bytes, start: int) -> Parsed | None:
    end = line.find(b": ", start)
    known = _KEYS.get(line[start:end]) if end >= 0 else None
    if known is None:
        return None
    number = number_at(line, end + 2, *known)
    return None if number is None else Parsed((number,), opens=False)


def _header(line: bytes) -> Parsed | None:
    found = _HEADER.match(line)
    if found is None:
        return None
    if found[1] is not None or found[2] != b"batch":
        return Parsed()
    numbers = [Number("step", *found.span(3))]
    if found[4] is not None:
        numbers.append(Number("planned_steps", *found.span(4)))
    return Parsed(tuple(numbers))


def _event(line: bytes) -> Parsed | None:
    precise = _PRECISION.search(line) if _PRECISE in line else None
    if precise is not None:
        name = precise[1].decode("ascii").lower()
        return Parsed(event=FACT, texts=(("framework", "Composer"), ("precision", name)))
    if _STARTS in line:
        return Parsed(event=LAUNCH)
    return Parsed(event=END) if _DONE in line else None


COMPOSER = LineFormat(
    name="composer",
    title="Composer and LLM Foundry",
    needles=(
        *(b"Train time/", b"Train throughput/", b"Train loss/train/total: "),
        *(*_UNITS, _EVALUATED, _PRECISE, _STARTS, _DONE),
    ),
    parse=parse,
    stated="6 FLOP per parameter and token plus attention over the whole sequence in LLM Foundry, "
    "without recomputation; MFU over the peak that Composer has for the device",
    excludes=(EVALUATION,),
)
