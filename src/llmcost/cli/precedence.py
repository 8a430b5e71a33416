"""When two settings say the same thing, the nearer one counts: command line, variable, file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click

from llmcost.cli.options import (
    PHASES,
    settings_of,
    settings_table,
    warn_of_unknown_variables,
    where_given,
)
from llmcost.studies.fights import FIGHTS


def run_and_places(
    ctx: click.Context, options: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the options of a run with the phases of its settings, and where each was written."""
    phases = settings_of(ctx).of(settings_table(ctx)).get(PHASES)
    places = where_given(ctx, *([PHASES] if phases else []))
    warn_of_unknown_variables(ctx.command)
    return {**options, PHASES: phases}, places


def nearer_told(
    values: Mapping[str, Any],
    places: Mapping[str, str],
    fights: Iterable[tuple[str, str]] = FIGHTS,
) -> dict[str, Any]:
    """Return the values that count, as `nearer_only` does; say what does not on stderr."""
    kept, notes = nearer_only(values, places, fights)
    for note in notes:
        click.echo(f"Note: {note}", err=True)
    return kept


def nearer_only(
    values: Mapping[str, Any],
    places: Mapping[str, str],
    fights: Iterable[tuple[str, str]] = FIGHTS,
) -> tuple[dict[str, Any], list[str]]:
    """Return the values without those that a nearer place overrides, and a note for each.

    Two values of one place still stand beside each other: which of them is meant is for the
    library to ask.
    """
    kept = dict(values)
    notes = []
    for pair in fights:
        one, two = sorted(pair, key=lambda name: _distance(places.get(name, "")))
        both = kept.get(one) is not None and kept.get(two) is not None
        if both and _distance(places.get(one, "")) < _distance(places.get(two, "")):
            kept[two] = None
            notes.append(f"{one} ({places[one]}) overrides {two} ({places[two]}).")
    return kept, notes


def _distance(place: str) -> int:
    if place == "command line":
        return 0
    return 1 if place.startswith("environment variable") else 2
