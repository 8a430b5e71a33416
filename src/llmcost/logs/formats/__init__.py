"""The formats that are read: the literal table, and what a format is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import IO

from llmcost.logs.record import Chunk, Parsed

# In the order in which they are asked; `module:NAME` under llmcost.logs.formats.
LINE_FORMATS: dict[str, str] = {
    "gpt_neox": "gpt_neox:GPT_NEOX",
    "nemo": "nemo:NEMO",
    "megatron": "megatron:MEGATRON",
    "megatron_progress": "progress_txt:PROGRESS_TXT",
    "hugging_face": "hugging_face:HUGGING_FACE",
    "deepspeed": "deepspeed:DEEPSPEED",
    "composer": "composer:COMPOSER",
    "levanter": "levanter:LEVANTER",
    "olmo": "olmo:OLMO",
    "torchtitan": "torchtitan:TORCHTITAN",
    "torchtune": "torchtune:TORCHTUNE",
    "maxtext": "maxtext:MAXTEXT",
    "nanogpt": "nanogpt:NANOGPT",
    "nanochat": "nanochat:NANOCHAT",
    "modded_nanogpt": "modded_nanogpt:MODDED_NANOGPT",
    "llm_c": "llm_c:LLM_C",
    "picotron": "picotron:PICOTRON",
    "nanotron": "nanotron:NANOTRON",
    "litgpt": "litgpt:LITGPT",
    "fairseq": "fairseq:FAIRSEQ",
}
DOCUMENT_FORMATS: dict[str, str] = {
    "tensorboard": "tensorboard:TENSORBOARD",
    "mlperf": "mlperf:MLPERF",
    "trainer_state": "trainer_state:TRAINER_STATE",
    "trainer_results": "trainer_results:TRAINER_RESULTS",
    # Tables are known by the names of their columns alone: after all that says what it is.
    "json_lines": "json_lines:JSON_LINES",
    "csv": "csv_tables:CSV",
}


@dataclass(frozen=True, slots=True)
class LineFormat:
    """A format that is read line by line.

    A line without any of `needles` (literal bytes, six or more, the longer the better) says
    nothing to it. `parse` takes a line without its end, launcher prefixes and colours, and returns
    what it says or `None`; it must not remember anything, and must depend on digits by nothing but
    that they are digits, for lines that differ in digits alone are read by the places of its
    numbers. `stated` says in words by what convention the framework states FLOP/s and MFU.
    `asynchronous` says that early records may be impossible.
    `excludes` names the stalls (EVALUATION, CHECKPOINT) that its step times leave out. `of_one`
    says that its step times are of one step each, however many lie between two records.
    """

    name: str
    title: str
    needles: tuple[bytes, ...]
    parse: Callable[[bytes], Parsed | None]
    stated: str = ""
    asynchronous: bool = False
    excludes: tuple[str, ...] = ()
    of_one: bool = False


@dataclass(frozen=True, slots=True)
class DocumentFormat:
    """A format that is read as a whole file: JSON documents, tables, binary event files.

    `claims` says whether the first bytes of a file (at most 1 MiB) are this format's; `read`
    yields its chunks from the file's beginning and raises LogFormatError for what cannot be read.
    `summary` says that it sums up a run, and counts where no log tells of its steps.
    """

    name: str
    title: str
    claims: Callable[[bytes], bool]
    read: Callable[[IO[bytes], str], Iterator[Chunk]]
    stated: str = ""
    asynchronous: bool = False
    excludes: tuple[str, ...] = ()
    of_one: bool = False
    summary: bool = False


Format = LineFormat | DocumentFormat


def format_of(name: str) -> Format:
    """Return a format by its name in the tables."""
    module, attribute = (LINE_FORMATS | DOCUMENT_FORMATS)[name].split(":")
    found: Format = getattr(import_module(f"llmcost.logs.formats.{module}"), attribute)
    return found
