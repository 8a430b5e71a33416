"""Live workbooks of estimates, worked out by an evaluator of Excel's formulas that is not ours."""

from __future__ import annotations

import io
import json
from functools import cache

import openpyxl

from llmcost import estimate
from llmcost.render import render
from llmcost.render.reports.workbook import workbook
from llmcost.report import Report
from llmcost.views import document

RUN = {
    "model": "llama-3.1-405b",
    "tokens": "15T",
    "gpu": "h100-sxm",
    "num_gpus": 16000,
    "as_of": "2026-09-06",
    "today": "2026-10-01",
    "draws": 100,
}
NAME = "R.XLSX"


@cache
def saved(**more):
    """Return the JSON of an estimate of the run, with more arguments."""
    return json.loads(render(document(estimate(**{**RUN, **more})), "json"))


def bare_report(*results):
    """Return a report of nothing but results."""
    named = tuple((f"{at}.json", data) for at, data in enumerate(results))
    return Report("A run", ("One.", "Two."), (), "", (), (), (), named)


def content(*results):
    """Return the bytes of the workbook of some results."""
    return next(iter(workbook(bare_report(*results)).values()))


class Opened:
    """A workbook of results, and where its names lie."""

    def __init__(self, *results):
        self.bytes = content(*results)
        self.book = openpyxl.load_workbook(io.BytesIO(self.bytes))
        self.places = {
            name: next(iter(defined.destinations))
            for name, defined in self.book.defined_names.items()
        }

    def cell(self, name):
        """Return the cell that a name stands for."""
        sheet, place = self.places[name]
        return self.book[sheet][place.replace("$", "")]

    def model(self, folder):
        """Return what works the workbook out."""
        import formulas

        (folder / NAME.lower()).write_bytes(self.bytes)
        return formulas.ExcelModel().loads(str(folder / NAME.lower())).finish()

    def key(self, sheet, place):
        """Return how the evaluator names a cell."""
        return f"'[{NAME.lower()}]{sheet.upper()}'!{place.replace('$', '')}"

    def worked_out(self, model, **changed):
        """Return the number of every name, with some cells changed."""
        keys = {name: self.key(*place) for name, place in self.places.items()}
        found = model.calculate(inputs={keys[name]: value for name, value in changed.items()})
        return {
            name: found[key].value[0, 0]
            for name, key in keys.items()
            if key in found and ":" not in key
        }, found
