"""fairseq and metaseq: ``{"epoch": 1, "loss": "5.1", "wps": "108212", "wpb": "2.09e+06", ...}``.

The lines that are written every `log_interval` updates, as JSON in a line or as fairseq's plain
``key=value``, from one process. ``num_updates`` counts the optimizer steps done. ``wps`` are tokens
per second of all devices since the last line, whatever happened meanwhile, ``wpb`` the tokens of a
step and ``bsz`` its sequences. ``wall`` goes on where a run is resumed. ``ups`` has two decimals
alone, and ``train_wall`` none: neither is read. The means of an epoch, ``train_...``, are no
records.
"""

from __future__ import annotations

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.figures import LONGEST, Notice, Units, Word, noticed, numbers_behind
from llmcost.logs.record import CHECKPOINT, END, EVALUATION, LAUNCH, Number, Parsed

QUOTED: Units = ((b'"', 1.0), (b"", 1.0))
FIELDS = {
    b"num_updates": "step",
    b"loss": "loss",
    b"wps": "tokens_per_second",
    b"wpb": "tokens_per_step",
    b"bsz": "global_batch_size",
    b"wall": "run_clock",
}
JSON = tuple(Word(b'"' + key + b'": "', field, QUOTED) for key, field in FIELDS.items())
BARE = tuple(Word(b'"' + key + b'": ', field) for key, field in FIELDS.items())
EQUAL = {key: (b" " if key == b"loss" else b", ") + key + b"=" for key in FIELDS}
SIMPLE = tuple(Word(EQUAL[key], field) for key, field in FIELDS.items())
UPDATES, PLAIN_UPDATES = b'"num_updates": ', b", num_updates="
DEVICES: Units = ((b" devices", 1.0), (b" GPUs", 1.0))
NOTICES = (
    Notice(b"num. model params: ", LAUNCH, (Word(b"params: ", "parameters"),)),
    Notice(b" | training on ", numbers=(Word(b"training on ", "num_gpus", DEVICES),)),
    Notice(b"begin validation on ", EVALUATION),
    Notice(b" | Saved checkpoint ", CHECKPOINT),
    Notice(b"| saved checkpoint ", CHECKPOINT),
    Notice(b"Finished saving checkpoint to ", CHECKPOINT),
    Notice(b"done training in ", END),
)


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    start = line.find(b'{"epoch": ')
    if start >= 0:
        words = JSON if UPDATES + b'"' in line else BARE
        return _record(numbers_behind(line, words, start)) if UPDATES in line else None
    if PLAIN_UPDATES in line:
        return _record(numbers_behind(line, SIMPLE)) if b"train_inner" in line else None
    return noticed(line, NOTICES)


def _record(numbers: tuple[Number, ...]) -> Parsed | None:
    """Return the record that numbers make, if a rate of all steps since the last line is there."""
    fields = {number.field for number in numbers}
    return Parsed(numbers) if {"step", "tokens_per_second"} <= fields else None


FAIRSEQ = LineFormat(
    name="fairseq",
    title="fairseq, metaseq",
    needles=(UPDATES, PLAIN_UPDATES, *(notice.words for notice in NOTICES)),
    parse=parse,
)
