"""Pictures by name: each loads, each result has its main one, and errors say what can be drawn."""

from importlib import import_module
from pathlib import Path

import pytest

import llmcost.views.pictures as here
from llmcost.errors import InputError, UnknownNameError
from llmcost.views.pictures import MAIN, PICTURES, picture, pictures_of
from tests.pictures.results_by_hand import amount, catalogue_price, estimate, made

PARTS = {"__init__", "claims", "marks", "spans", "stacks", "words"}


def test_every_function_of_the_table_loads():
    for drawing in PICTURES.values():
        for path in filter(None, (drawing.function, drawing.refusal)):
            module, _, function = path.partition(":")
            assert callable(getattr(import_module(module), function))


def test_every_module_is_a_picture_or_a_part_of_some():
    modules = {path.stem for path in Path(here.__file__).parent.glob("*.py")}
    drawn = {drawing.function.partition(":")[0].rpartition(".")[2] for drawing in PICTURES.values()}

    assert modules - PARTS == drawn


def test_every_main_picture_is_drawn_from_its_schema():
    assert all(schema in PICTURES[name].schemas for schema, name in MAIN.items())


def test_a_result_names_what_it_can_be_drawn_as():
    priced = estimate({"cost": amount(1.0)}, price=catalogue_price())

    assert pictures_of(priced) == ("cost",)
    assert pictures_of(estimate({})) == ()
    assert pictures_of({"schema": "llmcost.estimate/2"}) == ()
    assert pictures_of({}) == ()


def test_the_main_picture_comes_first():
    every = pictures_of(made("comparison"))

    assert every[0] == MAIN["llmcost.comparison/1"]
    assert {"cost", "step", "memory"} <= set(every)


def test_an_unknown_name_is_told_with_the_nearest():
    with pytest.raises(
        UnknownNameError, match=r"Unknown picture 'tornadoes'\. Did you mean tornado"
    ):
        picture("tornadoes", {})


def test_another_kind_of_result_is_told_what_it_can_be():
    with pytest.raises(
        InputError, match=r"tornado is drawn from a sensitivity; .* drawn as cost\."
    ):
        picture("tornado", estimate({"cost": amount(1.0)}))


def test_facts_are_many():
    with pytest.raises(InputError, match=r"prices is drawn from facts; "):
        picture("prices", estimate({"cost": amount(1.0)}))
