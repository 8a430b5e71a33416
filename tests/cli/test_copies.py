"""What the command line repeats, so that --help imports nothing, is held to its original."""

import inspect

from llmcost import estimate, sampling
from llmcost.cli import options, settings, show
from llmcost.cli import sweep as sweeps
from llmcost.cli.assumption_options import TABLES
from llmcost.cli.estimate import estimate as command
from llmcost.cli.main import COMMANDS
from llmcost.formulas.scaling_laws import LAWS
from llmcost.render import BYTE_FORMATS, FORMATS
from llmcost.studies import facts
from llmcost.studies.choices.factors import FACTORS, Factors
from llmcost.studies.choices.given import DEFAULTS, NAMES
from llmcost.studies.sweeping.engines import AUTO, ENGINES
from llmcost.studies.sweeping.kernels import KERNELS


def default_of(name):
    """Return the default that an option of `llmcost estimate` writes in its help."""
    return next(p.default for p in command.params if p.name == name)


def test_formats_and_kinds_are_those_of_the_library():
    assert set(options.FORMATS) == set(FORMATS)
    assert set(options.BYTE_FORMATS) == set(BYTE_FORMATS)
    assert set(show.KINDS) == set(facts.KINDS)
    assert set(settings.COMMANDS) <= set(COMMANDS)
    assert set(sweeps.ENGINES) == {AUTO, *ENGINES}
    assert set(sweeps.KERNELS) == {AUTO, *KERNELS}


def test_the_defaults_in_the_help_are_those_of_the_library():
    signature = inspect.signature(estimate).parameters

    assert int(default_of("draws")) == sampling.DRAWS == signature["draws"].default
    assert int(default_of("seed")) == sampling.SEED == signature["seed"].default
    for name, value in DEFAULTS.items():
        assert default_of(name) == value == signature[name].default
    assert DEFAULTS["scaling_law"] in LAWS


def test_every_input_of_the_library_is_an_option_or_a_setting():
    given = {p.name for p in command.params} | {options.PHASES}

    assert given >= NAMES
    assert set(inspect.signature(estimate).parameters) - {"origins", "assumptions"} <= given


def test_every_assumption_has_an_option_and_a_type():
    options_of = {name: unit for table in TABLES.values() for name, unit, *_ in table}
    named = {name.replace("-", "_"): unit for name, unit in options_of.items()}

    assert set(Factors.__annotations__) == set(FACTORS)
    assert set(named) - {"post_training"} == set(FACTORS)
    for name, unit in named.items():
        if unit is not None:
            assert FACTORS[name].unit == unit
