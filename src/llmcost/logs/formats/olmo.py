"""What OLMo and OLMo-core print: records of many lines.

``[step=120/739328,epoch=0]`` begins a record (steps done, from 1), indented lines such as
``throughput/device/tokens_per_second=45,269`` add to it. OLMo's rates are means over a window of
steps, OLMo-core's are of that step alone, all with what lay between two steps; its
``(actual avg)`` is not read. OLMo-core also prints headers without values for the steps between,
and those of the values, which have an ``eta``, come late: only they are read. Its MFU is in
percent, over the peak of an A100 where the device is none that it knows, and numbers from 10^9 on
are rounded to four digits: with them tokens so far cannot be told apart from step to step, and
are not read.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.keyed import number_after, number_at
from llmcost.logs.record import (
    CHECKPOINT,
    END,
    EVALUATION,
    FACT,
    LAUNCH,
    STOPPED,
    Number,
    Parsed,
)

_PERCENT = 0.01
_KEYS: dict[bytes, tuple[str, float]] = {
    b"throughput/total_tokens": ("tokens_total", 1.0),
    b"throughput/device/tokens_per_second": ("tokens_per_gpu_second", 1.0),
    b"throughput/device/batches_per_second": ("steps_per_second", 1.0),
    b"train/CrossEntropyLoss": ("loss", 1.0),
    b"throughput/total tokens": ("tokens_total", 1.0),
    b"throughput/device/TPS": ("tokens_per_gpu_second", 1.0),
    b"throughput/device/BPS": ("steps_per_second", 1.0),
    b"throughput/device/MFU": ("stated_mfu", _PERCENT),
    b"throughput/device/flopsPS": ("stated_flop_rate", 1.0),
    b"throughput/device/TFLOPs_per_GPU": ("stated_flop_rate", 1e12),
    b"train/CE loss": ("loss", 1.0),
}
_SUFFIXES = ((b"B", 1e9), (b"T", 1e12), (b"P", 1e15), (b"E", 1e18))
_HEADER = re.compile(
    rb"\[step=(\d{1,12})(?:/(?:(\d{1,12})|\?\?\?))?(?:,epoch=\d{1,9})?(,eta=[^\]]{1,60})?\]\s{0,8}$"
)
_RANK = re.compile(rb"\brank=(\d{1,7})\]")
_DEVICE = re.compile(rb"\bDevice: ([^,]{1,60}), Device peak Flops/s: (\d{1,20})$")
_EVALUATED = re.compile(rb"Finished .{1,80} evals in (\d{1,9}\.\d{1,3}) seconds")
_START, _CORE, _TRAINING = b"[step=", b"console_logger", b"Training for "
# Of OLMo-core, then of OLMo; each only from a logger of theirs.
_EVENTS = (
    (b"Saving checkpoint for step ", CHECKPOINT),
    (b"Saving checkpoint...", CHECKPOINT),
    (b"Saving unsharded checkpoint...", CHECKPOINT),
    (b"Running evaluation for '", EVALUATION),
    (b"Starting training...", LAUNCH),
    (b"Training complete", END),
    (b"Training failed due to:", STOPPED),
    (b"Run canceled", STOPPED),
)
_PEAK, _SECONDS = b"Device peak Flops/s: ", b" evals in "
_PARAMETERS = b"Total number of parameters: "


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: the header of a record, a value of it, or an event."""
    at = line.find(_START)
    if at >= 0:
        return _header(line, at)
    text = line.lstrip()
    if text.startswith((b"throughput/", b"train/C")):
        return _value(line, len(line) - len(text))
    return _event(line) if b"olmo" in line or b"rank=" in line else None


def _header(line: bytes, at: int) -> Parsed | None:
    found = _HEADER.match(line, at)
    if found is None or (_CORE in line and found[3] is None):
        return None
    numbers = [Number("step", *found.span(1))]
    if found[2] is not None:
        numbers.append(Number("planned_steps", *found.span(2)))
    rank = _RANK.search(line, 0, at)
    if rank is not None:
        numbers.append(Number("rank", *rank.span(1)))
    return Parsed(tuple(numbers))


def _value(line: bytes, start: int) -> Parsed | None:
    end = line.find(b"=", start)
    known = _KEYS.get(line[start:end]) if end >= 0 else None
    if known is None:
        return None
    field, scale = known
    number = number_at(line, end + 1, field, scale, grouped=True)
    if number is None and field != "tokens_total":
        number = _suffixed(line, end + 1, field)
    return None if number is None else Parsed((number,), opens=False)


def _suffixed(line: bytes, at: int, field: str) -> Number | None:
    """Return a number of OLMo-core's such as 441.0T."""
    for suffix, scale in _SUFFIXES:
        number = number_at(line, at, field, scale, grouped=True, unit=suffix)
        if number is not None:
            return number
    return None


def _event(line: bytes) -> Parsed | None:
    device = _DEVICE.search(line) if _PEAK in line else None
    if device is not None:
        said = (("accelerator", device[1].decode("utf-8", "replace")),)
        return Parsed((Number("peak_flop_rate", *device.span(2)),), event=FACT, texts=said)
    evaluated = _EVALUATED.search(line) if _SECONDS in line else None
    if evaluated is not None:
        return Parsed((Number("evaluation_time", *evaluated.span(1)),), event=EVALUATION)
    planned = number_after(line, _TRAINING, "planned_steps", grouped=True)
    if planned is not None and line.startswith(b" steps", planned.end):
        return Parsed((planned,), event=LAUNCH)
    parameters = number_after(line, _PARAMETERS, "parameters", grouped=True)
    if parameters is not None:
        return Parsed((parameters,), event=FACT)
    event = next((event for words, event in _EVENTS if words in line), None)
    return None if event is None else Parsed(event=event)


OLMO = LineFormat(
    name="olmo",
    title="OLMo and OLMo-core",
    needles=(
        *(_START, b"throughput/", b"train/CE loss=", b"train/CrossEntropyLoss="),
        *(_PEAK, _SECONDS, _PARAMETERS, _TRAINING, *(words for words, _ in _EVENTS)),
    ),
    parse=parse,
    stated="6 FLOP per parameter and token plus attention over the whole sequence, without "
    "recomputation; MFU over the peak of an A100 where the device is unknown to OLMo-core",
)
