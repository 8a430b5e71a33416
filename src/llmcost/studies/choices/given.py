"""What the user gave, by parameter name, and where it was written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from llmcost.errors import InputError, UnknownNameError
from llmcost.inputs import InputValue, Origin
from llmcost.studies.choices.factors import FACTORS

DEFAULTS = {"attention_flop": "causal", "scaling_law": "hoffmann-2022-approach-1"}
WORDS = (
    *("depreciation", "region", "embodied", "water", "scope", "equity", "post_training"),
    *("method", "currency", "dollars_of"),
)
NAMES = frozenset(
    [
        *FACTORS,
        *WORDS,
        "model",
        "parameters",
        "active_parameters",
        "tokens",
        "phases",
        "seq_length",
        "gpu",
        "num_gpus",
        "precision",
        "mfu",
        "throughput",
        "goodput",
        "recompute",
        "price",
        "price_per_node_hour",
        "gpus_per_node",
        "provider",
        "terms",
        "as_of",
        "attention_flop",
        "scaling_law",
        "strict",
        "today",
        "max_cost",
        "layout",
        "global_batch_size",
        "framework",
        "anchor",
    ]
)
Note = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Given:
    """The user's values (`None`: not given), and where each was written."""

    values: Mapping[str, object]
    where: Mapping[str, str]

    @classmethod
    def of(cls, values: Mapping[str, object], where: Mapping[str, str] | None = None) -> Given:
        """Return what was given; raises UnknownNameError for a name that no run has."""
        for name in values:
            if name not in NAMES:
                raise UnknownNameError("assumption", name, NAMES)
        return cls(values, dict(where or {}))

    def __getitem__(self, name: str) -> object:
        return self.values.get(name)

    def has(self, name: str) -> bool:
        """Return whether the user gave a value."""
        return self.values.get(name) is not None

    def origin(self, name: str) -> Origin:
        """Return the origin of a value that the user gave."""
        return Origin("user", self.where.get(name, "argument"))

    def text(self, name: str, value: str) -> InputValue:
        """Return a word-valued input, from the user unless it is the default nobody wrote."""
        is_default = name not in self.where and value == DEFAULTS.get(name)
        return InputValue(value, "", Origin("default") if is_default else self.origin(name))

    def refuse(self, beside: str, names: Iterable[str]) -> None:
        """Raise InputError for the first of the names that was given beside what excludes it."""
        for name in names:
            if self.has(name):
                raise InputError(f"{name}: got it beside {beside}, where it has no use.")

    def only_one_of(self, *names: str) -> None:
        """Raise InputError when more than one of the names was given."""
        both = [name for name in names if self.has(name)]
        if len(both) > 1:
            shown = " and ".join(both)
            raise InputError(f"{both[0]}: got {shown}, which say the same thing; give only one.")
