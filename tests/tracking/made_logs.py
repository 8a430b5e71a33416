"""Logs of training runs made up of numbers, as chunks of records."""

import numpy as np

from llmcost.logs.record import LAUNCH, Chunk, Event
from llmcost.studies.tracking.tracking import Tracker

START = 1_700_000_000.0
TODAY = "2026-11-22"


def chunk(columns, events=(), stamps=None, name="made-up"):
    """Return a chunk of these columns, lines numbered from 1 unless they are given."""
    arrays = {key: np.asarray(values, dtype=float) for key, values in columns.items()}
    length = len(next(iter(arrays.values()))) if arrays else 0
    arrays.setdefault("line", np.arange(1.0, length + 1))
    return Chunk(name, arrays, tuple(events), stamps)


def steps(first, last, each=2.0, **columns):
    """Return columns of one record a step, each of one time [s]."""
    count = last - first + 1
    return {
        "step": np.arange(first, last + 1.0),
        "step_time": np.full(count, float(each)),
        **{name: np.broadcast_to(value, count).astype(float) for name, value in columns.items()},
    }


def stamped(first, last, each=2.0, start=START, **columns):
    """Return columns of one record a step, written at the end of each step."""
    found = steps(first, last, each, **columns)
    return found | {"time_stamp": start + np.cumsum(found["step_time"])}


def launch(line=0, moment=None, **facts):
    """Return the event of a launch that says these facts."""
    return Event(line, LAUNCH, moment, {name: float(value) for name, value in facts.items()})


def tracked(*chunks, sources=None, **options):
    """Return the track of chunks, all of one log unless `sources` says of which."""
    options.setdefault("today", TODAY)
    tracker = Tracker.of(["a.log", "b.log", "c.log"], **options)
    for place, one in enumerate(chunks):
        tracker.add(sources[place] if sources else 0, one)
    return tracker.answer()


def values(track):
    """Return the values of the results of a track by name."""
    return {name: reading.value for name, reading in track.results.items()}


def codes(track):
    """Return the codes of the warnings of a track."""
    return [warned.code for warned in track.warnings]
