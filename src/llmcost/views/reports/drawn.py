"""The pictures of a saved result, all that it can be drawn as."""

from __future__ import annotations

from llmcost.picture import Picture
from llmcost.studies.saved import Saved
from llmcost.views.pictures import picture, pictures_of


def pictures(saved: Saved) -> tuple[Picture, ...]:
    """Return every picture of a result, its main one first."""
    return tuple(picture(name, saved.data) for name in pictures_of(saved.data))
