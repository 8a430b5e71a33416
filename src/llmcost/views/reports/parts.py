"""What the part of a report about one result is: its section, and what it adds to the whole."""

from __future__ import annotations

from dataclasses import dataclass

from llmcost.report import Section
from llmcost.table import Table


@dataclass(frozen=True, slots=True)
class Part:
    """What a report says of one result.

    `finding` and `support` are one sentence each: what was found with its range, and what that
    rests on. `driver`, where the result tells it, is a sentence on what moves the number most.
    `assumptions` are tables for the section of their own, `warnings` what a reader should know.
    """

    title: str
    finding: str
    support: str
    section: Section
    driver: str = ""
    assumptions: tuple[Table, ...] = ()
    warnings: tuple[str, ...] = ()
