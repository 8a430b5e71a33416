"""What an estimate adds when asked: a published method, a currency, dollars of a year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from llmcost.catalog.columns import day_from
from llmcost.errors import InputError, UnknownNameError, one_of
from llmcost.studies.answers import Result
from llmcost.studies.choices.cluster import price_day
from llmcost.studies.choices.given import Given
from llmcost.studies.methods import METHODS

if TYPE_CHECKING:
    from llmcost.inputs import InputValue

DOLLARS = "USD"
OF_A_RUN = ("tokens", "gpu", "num_gpus", "phases")


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for by name, and the run it is asked of."""

    given: Given
    inputs: Mapping[str, InputValue]
    results: Mapping[str, Result]

    def reports(self) -> dict[str, Any]:
        """Return what was asked for, by the name of its report.

        Raises InputError and UnknownNameError for what cannot be had.
        """
        found: dict[str, Any] = {}
        if self.given.has("method"):
            found["method"] = self._method()
        restated = [*self._in_currency(), *self._in_dollars_of()]
        if restated:
            found["restated"] = restated
        return found

    def _method(self) -> dict[str, Any]:
        from llmcost.studies.methods.epoch_2024 import epoch_2024
        from llmcost.studies.methods.reporting import method_report

        name = self.given["method"]
        if name not in METHODS:
            raise UnknownNameError("method", str(name), METHODS, f"Known: {one_of(METHODS)}.")
        day = price_day(self.given) if self.given.has("as_of") else None
        return method_report(epoch_2024(self._case(), as_of=day))

    def _case(self) -> Any:  # noqa: ANN401
        from llmcost.studies.methods.cases import case_of, listed_case

        model, gpu = self.inputs.get("model"), self.inputs.get("gpu")
        hours, number = self.results.get("gpu_hours"), self.inputs.get("num_gpus")
        name = str(model.value) if model else ""
        if name and not any(self.given.has(each) for each in OF_A_RUN) and _is_listed(name):
            return listed_case(name)
        if gpu is None or hours is None or hours.value is None:
            raise InputError("method: got it without device time; needs an accelerator: --gpu.")
        return case_of(
            gpu=str(gpu.value),
            num_gpus=float(number.value) if number and isinstance(number.value, float) else None,
            gpu_hours=hours.value,
            training_start=price_day(self.given),
            model=name,
        )

    def _in_currency(self) -> list[dict[str, Any]]:
        code = self.given["currency"]
        if code is None:
            return []
        from llmcost.catalog.currencies import to_usd

        rate = to_usd(1.0, str(code), price_day(self.given))
        if rate.currency == DOLLARS:
            return []
        told = f"{rate.currency}, {rate.told}"
        return [self._restated(rate.currency, 1 / rate.rate, told, rate.as_of, rate.source, ())]

    def _in_dollars_of(self) -> list[dict[str, Any]]:
        year = self.given["dollars_of"]
        if year is None:
            return []
        from llmcost.catalog.inflation import adjust, last_month

        month, last = f"{self._price_date():%Y-%m}", last_month()
        try:
            found = adjust(1.0, min(month, last), str(year))
        except InputError as error:
            raise InputError(f"dollars_of: {str(error).removeprefix('end: ')}") from None
        warnings = found.warnings
        if month > last:
            warnings += (f"{found.index} ends with {last}: prices of {month} count as of then",)
        unit = f"USD of {found.end}"
        told = (found.told, found.end, found.source, warnings)
        return [self._restated(unit, found.factor, *told)]

    def _price_date(self) -> date:
        price = self.inputs.get("price")
        newest = price.detail.get("newest") if price else None
        return day_from(newest, "newest") if newest else price_day(self.given)

    def _restated(
        self,
        unit: str,
        factor: float,
        told: str,
        as_of: str,
        source: str,
        warnings: tuple[str, ...],
    ) -> dict[str, Any]:
        """Return every amount of money in another unit, by one factor that is told."""
        return {
            "unit": unit,
            "usd_times": factor,
            "told": told,
            "as_of": as_of,
            "source": source,
            "warnings": list(warnings),
            "results": {
                name: {
                    key: None if value is None else value * factor
                    for key, value in (
                        ("value", result.value),
                        ("low", result.low),
                        ("high", result.high),
                    )
                }
                for name, result in self.results.items()
                if result.unit == DOLLARS
            },
        }


def _is_listed(name: str) -> bool:
    from llmcost.catalog.epoch_2024 import listed_run

    try:
        listed_run(name)
    except UnknownNameError:
        return False
    return True
