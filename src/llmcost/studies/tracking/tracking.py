"""How does a run go, by its log?"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from llmcost import sampling
from llmcost._version import __version__
from llmcost.catalog.version import data_version
from llmcost.errors import InputError
from llmcost.inputs import InputValue, Origin
from llmcost.logs.deriving import Deriver
from llmcost.logs.launches import Segment
from llmcost.logs.ratios import Ratios
from llmcost.logs.record import Chunk
from llmcost.logs.segments import Segmenter
from llmcost.studies.estimation import check_draws, level_of
from llmcost.studies.tracking import reporting
from llmcost.studies.tracking.answer import Track
from llmcost.studies.tracking.differing import difference_report
from llmcost.studies.tracking.known import THE_LOG, Known, known_of
from llmcost.studies.tracking.merging import Merged, merged
from llmcost.studies.tracking.options import Options, options_of
from llmcost.studies.tracking.results import Results
from llmcost.studies.tracking.strands import Strand

# Segments of one log in one format have numbers from this many times its place on.
APART = 100_000
MOST_MESSAGES = 50
INPUT_UNITS = {
    "num_gpus": "GPU",
    "seq_length": "",
    "global_batch_size": "",
    "tokens_per_step": "token",
    "tokens": "token",
    "steps": "",
}

Log = str | os.PathLike[str] | IO[bytes]


@dataclass(slots=True)
class Tracker:
    """Takes in the logs of a run, chunk by chunk, and answers at any time.

    `names` are those of the logs, by their number.
    """

    options: Options
    names: list[str] = field(default_factory=list)
    level: float = sampling.INTERVAL
    draws: int = sampling.DRAWS
    seed: int = sampling.SEED
    _strands: dict[tuple[int, str], Strand] = field(default_factory=dict)
    _facts: dict[str, float] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)
    _ratios: Ratios = field(default_factory=Ratios)
    _messages: list[str] = field(default_factory=list)
    _lines: int = 0
    _bytes: int = 0

    @classmethod
    def of(
        cls,
        names: list[str] | None = None,
        *,
        estimate: object = None,
        interval: object = sampling.INTERVAL,
        draws: int = sampling.DRAWS,
        seed: int = sampling.SEED,
        origins: Mapping[str, str] | None = None,
        **options: Any,  # noqa: ANN401
    ) -> Tracker:
        """Return a tracker with the options of `track`; raises InputError for wrong ones."""
        check_draws(draws, seed)
        options.setdefault("attention_flop", "causal")
        read = options_of(options, estimate, origins)
        known_of(read, {}, {}, None)
        return cls(read, list(names or ()), level_of(interval), draws, seed)

    def add(self, source: int, chunk: Chunk) -> None:
        """Take in a chunk of the log of this number; raises LogFormatError for no log of a run."""
        key = source, chunk.format
        if key not in self._strands:
            self._strands[key] = self._strand(source, chunk.format)
        self._strands[key].add(chunk)
        self._lines += chunk.lines
        self._bytes += chunk.bytes
        for message in chunk.messages:
            if message not in self._messages and len(self._messages) < MOST_MESSAGES:
                self._messages.append(message)

    def answer(self) -> Track:
        """Return what is known so far; raises InputError where no step was read."""
        run = merged(list(self._strands.values()))
        if run is None:
            raise InputError(
                "The log holds no step of a training run yet; needs a log with steps in it. See "
                "what can be read: llmcost track --formats."
            )
        known = known_of(self.options, self._facts, self._texts, run.fact("seq_length"))
        results = Results(run, known, self.options, self.level, self.draws, self.seed)
        with np.errstate(all="ignore"):
            readings = results.find()
        return Track(
            readings,
            self._inputs(known, run, results),
            reporting.segment_rows(run, self.names),
            tuple(reporting.warnings_of(results, self._messages, list(self._segments()))),
            {
                "llmcost_version": __version__,
                "data_version": data_version(),
                "interval": self.level,
                "draws": self.draws,
                "seed": self.seed,
            },
            self._reports(run, results),
        )

    def _strand(self, source: int, name: str) -> Strand:
        log = self.names[source] if source < len(self.names) else "log"
        segmenter = Segmenter(source, log, APART * len(self._strands))
        deriver = Deriver(
            segmenter,
            self.options.for_records,
            self.options.otherwise,
            self._facts,
            self._texts,
            self._ratios,
        )
        return Strand(deriver, name, self._segments)

    def _segments(self) -> Iterator[Segment]:
        """Yield the launches of every log."""
        for strand in self._strands.values():
            yield from strand.deriver.segmenter.segments

    def _inputs(self, known: Known, run: Merged, results: Results) -> dict[str, InputValue]:
        """Return every input by name, from the user, the log or the estimate."""
        found = dict(known.inputs)
        numbers = self.options.numbers
        values = {name: run.fact(name) for name in ("seq_length", "global_batch_size")}
        values["num_gpus"] = results.value("num_gpus")
        for name, value in {**values, **numbers}.items():
            if value is not None:
                found[name] = InputValue(value, INPUT_UNITS[name], self._origin(name, value))
        return found

    def _origin(self, name: str, value: float) -> Origin:
        if name in self.options.numbers:
            return self.options.origin(name)
        predicted = self.options.predicted
        borrowed = name not in self._facts and self.options.otherwise.get(name) == value
        if borrowed and predicted is not None and not (name == "num_gpus" and self._ratios.number):
            return Origin("user", predicted.where)
        return THE_LOG

    def _reports(self, run: Merged, results: Results) -> dict[str, Any]:
        found: dict[str, Any] = {
            "logs": reporting.logs_report(list(self._strands.values()), self.names, run.strands),
            "read": {"lines": self._lines, "bytes": self._bytes},
        }
        if run.how is not None:
            found["step_times"] = reporting.times_report(run)
            found["series"] = reporting.series_report(run)
        if results.clock is not None:
            found["wall_clock"] = reporting.clock_report(results.clock)
        predicted = self.options.predicted
        for name, report in (
            ("difference", predicted and difference_report(results, predicted)),
            ("last_day", reporting.last_day_report(results) if run.how is not None else None),
            ("stated", reporting.stated_report(results)),
            ("power", reporting.power_report(results)),
        ):
            if report is not None:
                found[name] = report
        return {name: reporting.finite(report) for name, report in found.items()}


def track(
    *logs: str | Path | IO[bytes],
    model: object = None,
    parameters: object = None,
    active_parameters: object = None,
    gpu: str | None = None,
    num_gpus: object = None,
    precision: str | None = None,
    seq_length: object = None,
    global_batch_size: object = None,
    tokens_per_step: object = None,
    tokens: object = None,
    steps: object = None,
    price: object = None,
    price_per_node_hour: object = None,
    gpus_per_node: object = None,
    provider: str | None = None,
    terms: str | None = None,
    as_of: str | None = None,
    layout: str | None = None,
    framework: str | None = None,
    attention_flop: str = "causal",
    columns: Mapping[str, str] | str | None = None,
    log_format: str | None = None,
    estimate: object = None,
    interval: object = sampling.INTERVAL,
    draws: int = sampling.DRAWS,
    seed: int = sampling.SEED,
    today: object = None,
    origins: Mapping[str, str] | None = None,
) -> Track:
    """Return how a run goes by its logs: throughput, MFU, goodput, cost so far and to the end.

    `logs` are paths, ``-`` for standard input, or binary streams: several launches of one run, or
    copies of one. What the log says is taken from it, what the user says holds before it; `tokens`
    and `steps` are those planned. A result that neither allows is `None` with the reason. Intervals
    are of steps as they vary in the log, and of the price. `estimate` is a saved estimate, for what
    else is not said and to compare with. `columns` says which columns of a table are which field.
    Raises InputError and UnitError for what cannot be used, LogFormatError for what is no log.
    """
    arguments = dict(locals())
    for name in ("logs", "columns", "log_format"):
        del arguments[name]
    if not logs:
        raise InputError("log: nothing given; needs the path of a log, or - for standard input.")
    tracker = Tracker.of([_name(log) for log in logs], **arguments)
    from llmcost.logs.formats.names import read_mapping
    from llmcost.logs.reading import read_chunks

    mapping = read_mapping(columns) if isinstance(columns, str) else columns
    for source, chunk in read_chunks(logs, columns=mapping, format_name=log_format):
        tracker.add(source, chunk)
    return tracker.answer()


def _name(log: Log) -> str:
    from llmcost.logs.sources import name_of

    return name_of(log)
