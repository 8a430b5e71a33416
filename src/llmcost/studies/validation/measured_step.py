"""The measured time of a step: from the step time, the token rate, the FLOP rate or the MFU.

Sources count FLOP in different ways, so a rate in FLOP/s or an MFU is turned into tokens by the
convention that the row states: attention in full, halved because it is causal, or left out; model
FLOP, or hardware FLOP that count the second forward pass of recomputation as well. Where none is
stated attention is taken as halved, and the other way is inside the band. The figures that flags
call wrong are not used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from llmcost.studies.validation.cells import Cells, Number
from llmcost.studies.validation.conventions import (
    CAUSAL,
    FULL,
    TERA,
    WITHOUT,
    Convention,
    Workdone,
    convention_of,
    flop_per_token,
    peak_of_share,
    training_peak,
)

LARGEST_PEAK_SHARE = 1.02
STATED_NOWHERE = Convention()

# What flags say of the figures of a row: those printed wrong or coarsely are not used while there
# is another, and not at all where it is the only one and wrong.
STEP_TIME, TOKENS, TFLOPS, MFU = "step time", "tokens/s", "TFLOP/s", "MFU"
WRONG: tuple[tuple[str, str], ...] = (
    (r"columns?_?probably_swapped|columns? swapped", STEP_TIME),
    (r"columns?_?probably_swapped|columns? swapped", TFLOPS),
    (r"mfu_formula_error|mfu_(is_)?wrong|mfu_overstated", MFU),
    (r"mfu_formula_error", TFLOPS),
    (r"tflops?_(under|over|mis)_?counted|prefer[ _]tokens|tflops?_(is_)?wrong", TFLOPS),
    (r"tokens_per_s_is_(half|twice|double|wrong)|tok_vs_step_mismatch", TOKENS),
    (r"step_time_(is_)?(wrong|typo)|suspicious_step_time", STEP_TIME),
)
COARSE: tuple[tuple[str, str], ...] = (
    (r"tokens_per_s_rounded|tokens/s rounded|prefer[ _]tflops", TOKENS),
    (r"old_tflops_formula|tflops_differs|use step time", TFLOPS),
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured, with its band, in the unit of its `kind`.

    `kind` is step time [s], tokens/s [token/s/GPU] or TFLOP/s [FLOP/s/GPU]. `ways` are the
    conventions of attention that a FLOP rate may be in, the likely one first. `basis` names the
    figure, `reason` says why there is none that can be used.
    """

    kind: str = ""
    value: float = 0.0
    low: float = 0.0
    high: float = 0.0
    work: Workdone | None = None
    convention: Convention = STATED_NOWHERE
    ways: tuple[str, ...] = ()
    basis: str = ""
    reason: str = ""

    def token_rates(self, seq_length: float) -> tuple[float, float, float] | None:
        """Return the rate and its band [token/s/GPU] at a sequence length [token].

        `None` where the step time was printed, or nothing.
        """
        if self.kind == TOKENS:
            return self.value, self.low, self.high
        if self.kind != TFLOPS or self.work is None:
            return None
        work = replace(self.work, seq_length=round(seq_length))
        each = [1 / flop_per_token(work, self.convention, way) for way in self.ways]
        return self.value * each[0], self.low * min(each), self.high * max(each)

    def step_times(
        self,
        global_batch_size: float | None,
        seq_length: float | None,
        num_gpus: float | None,
    ) -> tuple[float, float, float] | None:
        """Return the time of a step and its band [s], or `None` where it needs what is not given.

        `global_batch_size` in [sequences] and `seq_length` in [token] make a step's tokens.
        """
        if self.kind == STEP_TIME:
            return self.value, self.low, self.high
        if not (global_batch_size and seq_length and num_gpus):
            return None
        rates = self.token_rates(seq_length)
        if rates is None:
            return None
        tokens = global_batch_size * seq_length / num_gpus
        return tokens / rates[0], tokens / rates[2], tokens / rates[1]


def measurement_of(cells: Cells, work: Workdone, flags: tuple[str, ...]) -> Measurement:
    """Return what was measured, from the best figure that the row prints and no flag forbids."""
    wrong, coarse = _flagged(WRONG, flags), _flagged(COARSE, flags)
    order = [name for name in _READERS if name not in wrong]
    order.sort(key=lambda name: name in coarse)
    reasons = [f"{name} is flagged as wrong" for name in _READERS if name in wrong]
    for name in order:
        found = _READERS[name](cells, work, flags)
        if found is None:
            continue
        if not found.reason:
            return _with_coarse(found, coarse - {name}, cells, work, flags)
        reasons.append(found.reason)
    printed = [c for c in FIGURES if cells.text(c)]
    if not printed:
        return Measurement(
            reason=f"no rate: got nothing in {', '.join(FIGURES)}; needs one of them"
        )
    return Measurement(reason="no rate that can be used: " + "; ".join(dict.fromkeys(reasons)))


def rate_beside(cells: Cells, work: Workdone, flags: tuple[str, ...]) -> Measurement:
    """Return the rate of tokens or FLOP that a row prints beside its step time, if any."""
    wrong, coarse = _flagged(WRONG, flags), _flagged(COARSE, flags)
    order = [name for name in _READERS if name not in wrong | {STEP_TIME}]
    order.sort(key=lambda name: name in coarse)
    found = (_READERS[name](cells, work, flags) for name in order)
    return next((each for each in found if each and not each.reason), Measurement())


def _with_coarse(
    found: Measurement, coarse: set[str], cells: Cells, work: Workdone, flags: tuple[str, ...]
) -> Measurement:
    """Return a measurement whose band reaches to the token rate that is printed coarsely."""
    if TOKENS not in coarse or found.kind != TFLOPS or not (work.architecture and work.seq_length):
        return found
    other = _from_tokens(cells, work, flags)
    if other is None:
        return found
    same = other.value * flop_per_token(work, found.convention, found.ways[0])
    return replace(found, low=min(found.low, same), high=max(found.high, same))


FIGURES = (
    *("reported_step_time_s", "reported_tokens_per_s_per_gpu", "reported_tflops_per_gpu"),
    *("reported_mfu", "reported_hfu"),
)


def _flagged(table: tuple[tuple[str, str], ...], flags: tuple[str, ...]) -> set[str]:
    text = "; ".join(flags).casefold()
    return {figure for pattern, figure in table if re.search(pattern, text)}


def _from_step_time(cells: Cells, _work: Workdone, flags: tuple[str, ...]) -> Measurement | None:
    read = cells.number("reported_step_time_s")
    if read is None:
        return None
    rounded = "rounded" in flags or read.rounding < read.value / 20
    low, high = _rounded(read) if rounded else (read.value, read.value)
    return Measurement(STEP_TIME, read.value, low, high, basis=STEP_TIME)


def _from_tokens(cells: Cells, _work: Workdone, _flags: tuple[str, ...]) -> Measurement | None:
    read = cells.number("reported_tokens_per_s_per_gpu")
    if read is None:
        return None
    return Measurement(TOKENS, read.value, *_rounded(read), basis=TOKENS)


def _from_tflops(cells: Cells, work: Workdone, _flags: tuple[str, ...]) -> Measurement | None:
    read = cells.number("reported_tflops_per_gpu")
    if read is None:
        return None
    convention = convention_of(cells.text("flops_convention"))
    return _from_flop_rate(read, TERA, TFLOPS, work, convention)


def _from_mfu(cells: Cells, work: Workdone, _flags: tuple[str, ...]) -> Measurement | None:
    return _from_share("reported_mfu", cells, work, hardware=False)


def _from_hfu(cells: Cells, work: Workdone, _flags: tuple[str, ...]) -> Measurement | None:
    return _from_share("reported_hfu", cells, work, hardware=True)


def _from_share(column: str, cells: Cells, work: Workdone, *, hardware: bool) -> Measurement | None:
    read = cells.number(column)
    if read is None:
        return None
    read = Number(read.value / 100, read.rounding / 100) if read.value > 1 else read
    text = cells.text("flops_convention")
    lacking = _lacking(column, read, cells, work)
    peaks = (
        peak_of_share(f"{text}; {cells.text('notes')}", work.accelerator, work.precision)
        if work.accelerator and work.precision and not lacking
        else ()
    )
    if not peaks:
        peak = f"{column} needs a peak of {work.accelerator} at {work.precision}"
        return Measurement(reason=lacking or peak)
    convention = convention_of(text)
    convention = _as_hardware(convention, work) if hardware else convention
    found = _from_flop_rate(read, peaks[0], "HFU" if hardware else MFU, work, convention)
    ratios = [peak / peaks[0] for peak in peaks]
    if found.reason or len(peaks) == 1:
        return found
    return replace(
        found,
        low=found.low * min(ratios),
        high=found.high * max(ratios),
        basis=f"{found.basis}; peak not stated",
    )


def _lacking(column: str, read: Number, cells: Cells, work: Workdone) -> str:
    """Return why a share of the peak cannot become a rate, empty where it can."""
    if read.value > 1:
        cells.trouble(column, cells.text(column), "a share of the peak, at most 1 (or 100%)")
        return f"{column} is above 1"
    if work.accelerator is None:
        return f"{column} needs the accelerator's peak"
    if work.precision is None:
        return f"{column} needs the precision that its peak is of, and dtype is empty"
    return ""


def _as_hardware(convention: Convention, work: Workdone) -> Convention:
    return replace(convention, hardware=work.recompute in ("full", None))


def _from_flop_rate(
    read: Number, unit: float, name: str, work: Workdone, convention: Convention
) -> Measurement:
    """Return the FLOP rate as a measurement.

    Of packed texts, which are short, tables that count attention in full print none: so the
    published pairs of token and FLOP rates of NeMo's fine-tuning say.
    """
    if work.architecture is None:
        return Measurement(reason=f"{name} needs an architecture to become tokens")
    if work.task == "lora" and not convention.frozen:
        return Measurement(reason=f"{name} of LoRA needs a convention with frozen weights")
    if work.packed and convention.attention == FULL:
        convention = replace(convention, attention=WITHOUT)
    rate = read.value * unit / (1 - convention.low_by)
    low, high = (end / read.value * rate for end in _rounded(read))
    return Measurement(
        kind=TFLOPS,
        value=rate,
        low=low * (1 - convention.low_by),
        high=high,
        work=work,
        convention=convention,
        ways=(convention.attention,) if convention.attention else (CAUSAL, FULL),
        basis=f"{name}: {convention.text}",
    )


def _rounded(read: Number) -> tuple[float, float]:
    half = min(read.rounding, read.value / 2)
    return read.value - half, read.value + half


_READERS = {
    STEP_TIME: _from_step_time,
    TOKENS: _from_tokens,
    TFLOPS: _from_tflops,
    MFU: _from_mfu,
    "HFU": _from_hfu,
}


def over_peak(rate: float, work: Workdone) -> float | None:
    """Return how many times the accelerator's peak a token rate would need, where above 1.

    Model FLOP with causal attention against the peak of the precision; the largest peak where the
    precision is not known.
    """
    if work.architecture is None or work.accelerator is None or work.seq_length is None:
        return None
    if work.task == "lora":
        return None
    peak = training_peak(work.accelerator, work.precision)
    needed = rate * flop_per_token(work, Convention(), CAUSAL)
    return needed / peak if peak and needed > peak * LARGEST_PEAK_SHARE else None
