"""Claims that cannot all be right: two counts of hours for one run, told apart by their MFU."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from llmcost.catalog.gpus import accelerator, usual_precision
from llmcost.catalog.measured import typical_mfu
from llmcost.studies.reconciliation.claimed import Claimed
from llmcost.studies.reconciliation.implied import net_mfu

APART = 1.5
ONE_RUN = ("final-run", "run-and-post-training")


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two claims about one run whose hours [GPU*hour] are too far apart for both to be right.

    `mfus` are what each implies with every loss included, `usual` the 10th and 90th percentile of
    the MFU of measured runs on that accelerator.
    """

    model: str
    claims: tuple[str, str]
    gpu_hours: tuple[float, float]
    mfus: tuple[float, float]
    usual: tuple[float, float]

    @property
    def words(self) -> str:
        """The conflict as a person would say it."""
        (less, more), (low, high) = self.mfus, self.usual
        apart = self.gpu_hours[1] / self.gpu_hours[0]
        return (
            f"{self.model}: {self.claims[0]} and {self.claims[1]} count hours {apart:.1f} times "
            f"apart, which imply an MFU of {less:.2f} against {more:.2f}; measured runs on that "
            f"accelerator have {low:.2f} to {high:.2f} before any loss."
        )


def conflicts(claims: Iterable[Claimed]) -> tuple[Conflict, ...]:
    """Return each pair of hour counts of one run that are more than 1.5 times apart, once."""
    runs: dict[str, dict[float, Claimed]] = {}
    for claim in claims:
        if claim.known_hours and claim.scope in ONE_RUN and net_mfu(claim):
            runs.setdefault(claim.subject, {}).setdefault(claim.known_hours, claim)
    return tuple(one for counts in runs.values() for one in _apart(counts))


def about(found: Iterable[Conflict], chosen: Iterable[Claimed]) -> tuple[Conflict, ...]:
    """Return the conflicts that have the hours of one of the chosen claims on either side."""
    hours = {(claim.subject, claim.known_hours) for claim in chosen}
    return tuple(
        one for one in found if any((one.model, count) in hours for count in one.gpu_hours)
    )


def _apart(counts: dict[float, Claimed]) -> Iterator[Conflict]:
    for fewer, more in combinations(sorted(counts), 2):
        if more / fewer > APART:
            yield _conflict(counts[fewer], counts[more])


def _conflict(fewer: Claimed, more: Claimed) -> Conflict:
    part = accelerator(fewer.gpus[0])
    usual = typical_mfu(part.generation, usual_precision(part))
    return Conflict(
        fewer.subject,
        (fewer.name, more.name),
        (fewer.known_hours or 0.0, more.known_hours or 0.0),
        (net_mfu(fewer) or 0.0, net_mfu(more) or 0.0),
        (usual.low, usual.high),
    )
