"""A run that was tracked and saved, as a measurement that predictions are held against."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmcost.catalog.architecture import Architecture, architecture_from_config
from llmcost.catalog.config_file import read_config
from llmcost.catalog.models import model
from llmcost.errors import InputError, LlmcostError, shown
from llmcost.layout import PartialLayout, read_layout
from llmcost.studies.saved import Saved
from llmcost.studies.tracking.answer import RESULT_UNITS

# What a measurement needs of a track: its name there, and the option of track that gives it.
NEEDED = {"model": "--model", "gpu": "--gpu", "num_gpus": "--gpus"}
MEASURED = ("median_step_time", "tokens_per_step", "tokens_per_gpu_second", "num_gpus")


@dataclass(frozen=True, slots=True)
class TrackedRun:
    """A measured step: of which model, on what, how split, and how fast.

    `rate` [token/s/GPU] is always known. `step_time` [s] is the median and `tokens_per_step`
    [token] what it did, where the log says both. `seq_length` is in tokens, `layout` what is known
    of the split, `name` that of the file, `day` the day of its last stamp.
    """

    name: str
    model: str
    gpu: str
    num_gpus: int
    rate: float
    step_time: float | None = None
    tokens_per_step: float | None = None
    precision: str | None = None
    seq_length: int | None = None
    layout: PartialLayout | None = None
    framework: str | None = None
    day: str | None = None

    @property
    def sequences(self) -> int | None:
        """Sequences of a step, where its tokens and the length of one are known."""
        if self.seq_length is None or self.tokens_per_step is None:
            return None
        return max(1, round(self.tokens_per_step / self.seq_length))

    def seconds(self, tokens: float) -> float:
        """Return the time of a step of so many tokens [s]: as measured, or by the rate."""
        if self.step_time is not None and self.tokens_per_step is not None:
            return self.step_time * tokens / self.tokens_per_step
        return tokens / (self.rate * self.num_gpus)


def tracked_run(saved: Saved) -> TrackedRun:
    """Return the measurement that a saved track holds.

    Raises InputError for another kind of result, and where the track does not say the model, the
    accelerator, their number, or how fast they were.
    """
    if saved.kind != "track":
        raise InputError(
            f"{saved.name} is {saved.schema}; needs a track: llmcost track LOG -o FILE.json."
        )
    inputs = {key: one["value"] for key, one in saved.data["inputs"].items()}
    results = saved.data["results"]
    values = {key: one["value"] for key, one in results.items()}
    values = {"model": inputs.get("model"), "gpu": inputs.get("gpu"), **values}
    for key, option in NEEDED.items():
        if values[key] is None:
            raise InputError(
                f"{saved.name} does not say {key}; track the log again with {option}, and save it."
            )
    _check_measured(saved.name, results)
    rate, whole = values["tokens_per_gpu_second"], ("median_step_time", "tokens_per_step")
    if rate is None:
        raise InputError(
            f"{saved.name} has no tokens per second of a GPU: "
            f"{results['tokens_per_gpu_second']['reason']}"
        )
    time, tokens = (values[key] for key in whole)
    return TrackedRun(
        name=saved.name,
        model=str(values["model"]),
        gpu=str(values["gpu"]),
        num_gpus=int(values["num_gpus"]),
        rate=float(rate),
        step_time=None if tokens is None else time,
        tokens_per_step=None if time is None else tokens,
        precision=_text(inputs.get("precision")),
        seq_length=_count(inputs.get("seq_length")),
        layout=_layout(saved.name, inputs.get("layout")),
        framework=_text(inputs.get("framework")) or _format(saved.data["segments"]),
        day=_last_day(saved.data["segments"]),
    )


def _check_measured(name: str, results: Mapping[str, Any]) -> None:
    """Raise InputError for what nobody measures: a time of nothing, another unit than ours."""
    for key in MEASURED:
        value, unit = results[key]["value"], results[key]["unit"]
        if value is not None and not (value > 0 and unit == RESULT_UNITS[key]):
            raise InputError(
                f"{name}: results.{key} is {shown(value)} {unit}; needs a number above nought in "
                f"{RESULT_UNITS[key]}. The file was changed: track the log again, and save it."
            )


def architecture_of(run: TrackedRun) -> Architecture | None:
    """Return the architecture of the model that a track names; `None` where it is not to be had."""
    try:
        return architecture_from_config(model(run.model).config)[0]
    except LlmcostError:
        pass
    try:
        path = os.path.expanduser(run.model)
        if os.path.isdir(path):
            path = os.path.join(path, "config.json")
        return architecture_from_config(read_config(path))[0]
    except (LlmcostError, OSError, ValueError):
        return None


def _layout(name: str, text: object) -> PartialLayout | None:
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        return read_layout(text)
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _count(value: object) -> int | None:
    return round(value) if isinstance(value, int | float) and value >= 1 else None


def _format(segments: Any) -> str | None:  # noqa: ANN401
    """Return the format of the log, which tells the framework where nothing else does."""
    return next((text for one in segments if (text := _text(one.get("format")))), None)


def _last_day(segments: Any) -> str | None:  # noqa: ANN401
    days = [day for one in segments if (day := _day(one))]
    return max(days, default=None)


def _day(segment: Mapping[str, Any]) -> str | None:
    """Return the day of the last stamp of a launch."""
    stamp = segment.get("end")
    return stamp[:10] if isinstance(stamp, str) and len(stamp) >= 10 else None
