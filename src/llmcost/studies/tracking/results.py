"""The results of a track: from what its logs say and what is known beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, inf, isfinite
from typing import TYPE_CHECKING

import numpy as np

from llmcost import sampling
from llmcost.formulas import money, utilization
from llmcost.logs.deriving import HOWS
from llmcost.studies.run_model import MARKET
from llmcost.studies.tracking.answer import RESULT_UNITS, Reading
from llmcost.studies.tracking.bootstrapping import median_factors, ratio_factors, stretch_factors
from llmcost.studies.tracking.clocks import (
    CLOCKS,
    END_ALONE,
    STAMPS,
    WallClock,
    day_of,
    mean_gpus,
    untold,
    wall_clock,
)
from llmcost.studies.tracking.known import Known
from llmcost.studies.tracking.merging import SAME_TOKENS, Merged
from llmcost.studies.tracking.options import Options
from llmcost.studies.tracking.strands import PRINTED_GPU_RATE, PRINTED_RATE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DAY, HOUR = 86400.0, 3600.0
ROUNDING = 1e-9
NO_TIME = "the log says neither the time of a step, nor a rate, nor when its lines were written"
NO_STAMPS = "no line of the log says when it was written, so that pauses are not known"
NO_GPUS = "the log does not say how many accelerators there are: give --gpus"
NO_PLAN = "the log does not say how long the run will be: give --steps or --tokens"
TOO_LARGE = "the numbers of the log are too large or too small to be those of a run"
NOT_STATED = "the log does not state it"


@dataclass(slots=True)
class Results:
    """The results of a track as they are found: readings, and the draws behind them.

    `too_fast` counts the records whose step would take more than the peak; `short` says that the
    clock is shorter than the steps in it, `overlaps` that launches overlap in time. `growth` is the
    tokens of a step now over those of the mean step.
    """

    run: Merged
    known: Known
    options: Options
    level: float
    draws: int
    seed: int
    readings: dict[str, Reading] = field(default_factory=dict)
    drawn: dict[str, Floats] = field(default_factory=dict)
    clock: WallClock | None = None
    too_fast: int = 0
    short: str = ""
    overlaps: bool = False
    growth: float = 1.0

    def find(self) -> dict[str, Reading]:
        """Return every result by name, in the order of RESULT_UNITS."""
        self._steps()
        self._time()
        self._tokens()
        self._rates()
        self._utilization()
        self._clock()
        self._spent()
        self._ahead()
        return {name: self.readings[name] for name in RESULT_UNITS}

    def value(self, name: str) -> float | None:
        """Return a result, `None` where it is not known."""
        found = self.readings[name].value
        return found if isinstance(found, float) else None

    def _set(self, name: str, value: float, how: str = "", drawn: Floats | None = None) -> None:
        unit = RESULT_UNITS[name]
        if not isfinite(value):
            self._unknown(name, TOO_LARGE)
            return
        if drawn is None or not np.isfinite(drawn).all() or not np.ptp(drawn):
            self.readings[name] = Reading(float(value), unit, how=how)
            self.drawn[name] = np.full(self.draws, float(value))
            return
        low, _, high = sampling.summary(drawn, self.level)
        self.readings[name] = Reading(
            float(value), unit, min(low, float(value)), max(high, float(value)), how=how
        )
        self.drawn[name] = drawn

    def _unknown(self, name: str, reason: str) -> None:
        self.readings[name] = Reading(None, RESULT_UNITS[name], reason=reason)

    def _or_unknown(self, name: str, value: float | None, reason: str, how: str = "") -> None:
        if value is None:
            self._unknown(name, reason)
        else:
            self._set(name, value, how)

    def _why(self, *names: str) -> str:
        """Return why the first of several results that is not known is not."""
        return next((self.readings[name].reason for name in names if self.value(name) is None), "")

    def _steps(self) -> None:
        run = self.run
        self._set("steps", run.kept)
        self._set("steps_executed", run.executed)
        self._set("lost_steps", run.executed - run.kept)
        self._set("skipped_steps", run.skipped)
        self._set("first_step", run.first_step)
        self._set("last_step", run.last_step)
        self._set("launches", float(len(run.segments)))
        number = self.options.numbers.get("num_gpus") or run.fact("num_gpus")
        ranks = max(len(strand.deriver.segmenter.ranks) for strand in run.strands)
        hint = f" (lines of {ranks:,} processes are in it)" if ranks > 1 else ""
        self._or_unknown("num_gpus", number, NO_GPUS + hint)

    def _time(self) -> None:
        times = self.run.times
        if not times.count or self.run.how is None:
            self._unknown("median_step_time", NO_TIME)
            return
        median = self._possible_median()
        series = self.run.series
        name = "" if self.run.few else "steady_"
        weights = series[f"{name}steps"]
        with np.errstate(all="ignore"):
            means = series[f"{name}time"] / weights
        known = weights > 0
        factors = median_factors(means[known], weights[known], self.draws, self.seed)
        self._set("median_step_time", median, HOWS[self.run.how], median * factors)

    def _possible_median(self) -> float:
        """Return the median of the times that the peak allows; of all where it allows few."""
        times, known = self.run.times, self.known
        size, number = self.run.tokens_per_step[0], self.value("num_gpus")
        median = times.median()
        if size is None or number is None or not known.peak or not known.flop_per_token:
            return median
        least = size * known.flop_per_token / (number * known.peak)
        if median <= least:
            return median
        self.too_fast = times.weight_below(least)[0]
        return times.median(least)

    def _tokens(self) -> None:
        run = self.run
        size, corrected = run.tokens_per_step
        how = "from the totals of tokens" if corrected else ""
        if size is None:
            size, how = self._tokens_from_rate(), "from the printed rate and the time of a step"
        if size is None:
            for name in ("tokens_per_step", "tokens_done"):
                self._unknown(name, self.run.no_tokens)
        else:
            self._set("tokens_per_step", size, how)
            self._set("tokens_done", size * run.kept)
        numbers = self.options.numbers
        facts = [one.planned_steps for one in run.strands if one.planned_steps is not None]
        steps = numbers.get("steps") or (facts[-1] if facts else None)
        tokens = numbers.get("tokens")
        predicted = self.options.predicted
        if tokens is None and steps is None and predicted is not None:
            tokens = predicted.number("tokens") or predicted.results.get("tokens")
        if size is not None:
            self.growth = run.growth
            ahead = run.done * (size - size * self.growth)
            if tokens is not None:
                found = (tokens - ahead) / (size * self.growth)
                steps = float(ceil(found * (1 - ROUNDING)))
            elif steps is not None:
                tokens = ahead + steps * size * self.growth
        self._or_unknown("planned_steps", steps, NO_PLAN)
        self._or_unknown("tokens_planned", tokens, NO_PLAN if steps is None else self.run.no_tokens)

    def _tokens_from_rate(self) -> float | None:
        """Return the tokens of a step by a printed rate and the time of a step."""
        time, number = self.value("median_step_time"), self.value("num_gpus")
        if time is None:
            return None
        whole, one = self.run.rate(PRINTED_RATE), self.run.rate(PRINTED_GPU_RATE)
        if whole.count:
            return whole.median() * time
        return one.median() * number * time if one.count and number is not None else None

    def _rates(self) -> None:
        """Find the rates by tokens and time of a step, or else as they are printed."""
        time, size = self.value("median_step_time"), self.value("tokens_per_step")
        number = self.value("num_gpus")
        rate = each = None
        if time is not None and size is not None:
            spread = self.drawn["median_step_time"] / time
            rate = self._steady_rate(time, size)
            self._set("tokens_per_second", rate, "", rate / spread)
            if number is not None:
                each = rate / number
                self._set("tokens_per_gpu_second", each, "", each / spread)
        for name, found, other in (
            ("tokens_per_second", rate, number),
            ("tokens_per_gpu_second", each, None if number is None else 1 / number),
        ):
            if found is None:
                self._printed(name, other)

    def _steady_rate(self, time: float, size: float) -> float:
        """Return tokens a second: where steps differ in tokens, the median of each step's rate."""
        tokens, paces = self.run.tokens, self.run.paces
        differ = tokens.count and tokens.most > tokens.least * (1 + SAME_TOKENS)
        corrected = self.run.tokens_per_step[1]
        if differ and not corrected and paces.count:
            return 1 / paces.median()
        return size / time

    def _printed(self, name: str, times: float | None) -> None:
        """Take a rate as the log prints it, of all or of one."""
        other = PRINTED_GPU_RATE if name == PRINTED_RATE else PRINTED_RATE
        own, else_ = self.run.rate(name), self.run.rate(other)
        reason = self._why("median_step_time", "tokens_per_step", "num_gpus")
        if own.count:
            low, middle, high = own.quantiles(((1 - self.level) / 2, 0.5, (1 + self.level) / 2))
            self._set(name, middle, "printed")
            self.readings[name] = Reading(middle, RESULT_UNITS[name], low, high, how="printed")
        elif else_.count and times is not None:
            self._set(name, else_.median() * times, "from the printed rate")
        else:
            self._unknown(name, reason)

    def _utilization(self) -> None:
        known, rate = self.known, self.value("tokens_per_gpu_second")
        self._or_unknown("model_flop_per_token", known.flop_per_token, known.no_flop)
        for name in ("stated_flop_rate", "stated_mfu"):
            stated = self.run.stated(name)
            self._or_unknown(name, stated.median() if stated.count else None, NOT_STATED)
        if rate is None or known.flop_per_token is None:
            reason = self._why("tokens_per_gpu_second", "model_flop_per_token")
            for name in ("model_flop_rate", "mfu"):
                self._unknown(name, reason)
            return
        flop = utilization.model_flop_rate.kernel(
            tokens_per_gpu_second=rate, model_flop_per_token=known.flop_per_token
        )
        spread = self.drawn["tokens_per_gpu_second"] / rate
        self._set("model_flop_rate", flop, "", flop * spread)
        if known.peak is None:
            self._unknown("mfu", known.no_peak)
            return
        share = utilization.mfu.kernel(model_flop_rate=flop, peak_flop_rate=known.peak)
        self._set("mfu", share, "", share * spread)

    def _clock(self) -> None:
        run, time = self.run, self._mean_step()
        kept, skipped = run.kept, run.skipped
        clock = wall_clock(run.clocks, time, kept, run.executed - kept, skipped)
        none = clock is None or not 0 < clock.total < inf
        back = max((one.deriver.set_back for one in run.strands), default=0.0)
        self.short = "" if none or run.few else untold(clock, run.times.total, run.executed, back)
        self.overlaps = clock is not None and clock.overlaps
        if clock is None or none or self.short:
            for name in ("wall_clock", "goodput"):
                self._unknown(name, self.short or NO_STAMPS)
            return
        self.clock = clock
        self._set("wall_clock", clock.total / DAY, CLOCKS[clock.kind])
        if time is None or clock.kind == END_ALONE:
            self._unknown("goodput", NO_TIME)
            return
        share = min(time * (kept - skipped) / clock.total, 1.0)
        factors = self.drawn["median_step_time"] / (self.value("median_step_time") or time)
        self._set("goodput", share, "", np.minimum(share * factors, 1.0))

    def _mean_step(self) -> float | None:
        """Return the steady time of a step of mean tokens [s]: in a ramp not the median one's."""
        time, size = self.value("median_step_time"), self.value("tokens_per_step")
        rate = self.readings["tokens_per_second"]
        if time is None or size is None or rate.how or not isinstance(rate.value, float):
            return time
        return size / rate.value

    def _spent(self) -> None:
        """Find what was spent: by the wall clock, or else by the times of the steps alone."""
        number, time = self.value("num_gpus"), self.value("median_step_time")
        seconds, how = None, ""
        if self.clock is not None:
            seconds = self.clock.total
        elif time is not None:
            seconds, how = self.run.stepping, "by the times of steps alone, without any pause"
        if number is None or seconds is None:
            reason = self._why("num_gpus") or NO_TIME
            for name in ("gpu_hours", "cost", "cost_per_million_tokens", "lost_work_cost"):
                self._unknown(name, reason)
            return
        hours = seconds / HOUR * self._gpus(number)
        self._set("gpu_hours", hours, how)
        lost = (self.value("lost_steps") or 0.0) * (time or 0.0) / HOUR * number
        self._money("cost", hours, how)
        self._money("lost_work_cost", lost)
        tokens, cost = self.value("tokens_done"), self.value("cost")
        if cost is None or not tokens:
            self._unknown("cost_per_million_tokens", self._why("cost", "tokens_done"))
            return
        each = money.cost_per_million_tokens.kernel(cost=cost, tokens=tokens)
        drawn = each * self.drawn["cost"] / cost if cost else None
        self._set("cost_per_million_tokens", each, "", drawn)

    def _gpus(self, number: float) -> float:
        """Return the accelerators on average of the time, where launches differ in them."""
        if self.clock is None or "num_gpus" in self.options.numbers:
            return number
        return mean_gpus(self.run.clocks, self.clock, self.run.num_gpus, number)

    def _money(self, name: str, hours: float, how: str = "", drawn: Floats | None = None) -> None:
        """Set the cost of accelerator-hours, of which there may be draws."""
        price = self.known.price
        if price is None:
            self._unknown(name, self.known.no_price)
            return
        prices = sampling.draw({"price": price}, self.draws, self.seed, {"price": MARKET})["price"]
        cost = money.rental_cost.kernel(gpu_hours=hours, price=price.value)
        self._set(name, cost, how, prices * (hours if drawn is None else drawn))

    def _ahead(self) -> None:
        """Project the rest of the run: at the pace so far, its pauses and lost work included."""
        left = self._left()
        time = self.value("median_step_time")
        names = ("time_to_finish", "gpu_hours_to_finish", "cost_to_finish", "total_cost")
        paced = time is not None or (self.clock is not None and self.clock.kind != END_ALONE)
        if left is None or not (paced or left == 0):
            reason = NO_PLAN if left is None else NO_TIME
            for name in (*names, "finish_date"):
                self._unknown(name, reason)
            return
        each, how = self._pace() if left else (0.0, "")
        factors = self._pace_factors(time)
        seconds = left * each
        self._set("time_to_finish", seconds / DAY, how, seconds / DAY * factors)
        self._finish(seconds, seconds * factors)
        number = self.value("num_gpus")
        if number is None:
            for name in names[1:]:
                self._unknown(name, self._why("num_gpus"))
            return
        hours = seconds / HOUR * number
        self._set("gpu_hours_to_finish", hours, "", hours * factors)
        self._money("cost_to_finish", hours, "", hours * factors)
        so_far = self.value("gpu_hours") or 0.0
        self._money("total_cost", so_far + hours, "", so_far + hours * factors)

    def _left(self) -> float | None:
        """Return the steps that are left, `None` without a plan."""
        planned = self.value("planned_steps")
        if planned is None:
            return None
        tokens, total = self.options.numbers.get("tokens"), self.run.tokens_total
        size = self.value("tokens_per_step")
        if tokens is not None and total is not None and size is not None:
            return max(0.0, tokens - total) / (size * self.growth)
        return max(0.0, planned - self.run.done)

    def _pace(self) -> tuple[float, str]:
        """Return the time that a step took on the whole [s], and how it was got."""
        ramp = ", by tokens: steps have more of them now" if self.growth > 1 else ""
        if self.clock is not None and self.clock.kind != END_ALONE:
            how = f"at the pace so far, all pauses included{ramp}"
            return self.clock.total / self.run.kept * self.growth, how
        each = self.run.stepping / self.run.executed * self.growth
        return each, f"by the times of steps alone{ramp}"

    def _pace_factors(self, time: float | None) -> Floats:
        """Return draws of the future pace over the one so far: of launches, stretches, or steps."""
        if self.clock is not None:
            spans = np.array(self.clock.launches)
            factors = ratio_factors(spans[:, 0], spans[:, 1], self.draws, self.seed)
            if not np.ptp(factors):
                ahead = (self._left() or 0.0) / self.run.kept
                factors = stretch_factors(self.run.series, ahead, self.draws, self.seed)
            if np.ptp(factors):
                return factors
        return np.ones(self.draws) if time is None else self.drawn["median_step_time"] / time

    def _finish(self, seconds: float, drawn: Floats) -> None:
        last = max((segment.ended or 0.0 for segment in self.run.segments), default=0.0)
        if self.clock is None or self.clock.kind != STAMPS:
            self._unknown("finish_date", self._why("wall_clock") or NO_STAMPS)
            return
        low, _, high = sampling.summary(drawn, self.level)
        ends = (seconds, min(low, seconds), max(high, seconds))
        value, early, late = (day_of(last + each) for each in ends)
        self.readings["finish_date"] = Reading(value, "", early, late)
