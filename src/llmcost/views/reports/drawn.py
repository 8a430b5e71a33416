"""The pictures of a saved result, all that it can be drawn as."""

from __future__ import annotations

from collections.abc import Sequence

from llmcost.errors import InputError, shown
from llmcost.picture import Picture
from llmcost.studies.saved import Saved
from llmcost.views.pictures import picture, pictures_of


def pictures(saved: Saved) -> tuple[Picture, ...]:
    """Return every picture of a result, its main one first."""
    return tuple(picture(name, saved.data) for name in pictures_of(saved.data))


def one_picture(found: Sequence[Saved], name: str | None) -> Picture:
    """Return the picture of this name of the one result that has it, or its main one.

    Raises InputError where none or several results have it.
    """
    if len(found) == 1:
        known = pictures_of(found[0].data)
        if name is None and not known:
            raise InputError(f"{shown(found[0].name)} cannot be drawn; give another result.")
        return picture(name or known[0], found[0].data)
    if name is None:
        raise InputError(f"picture: got none for {len(found)} results; needs --picture NAME.")
    able = [one for one in found if name in pictures_of(one.data)]
    if len(able) != 1:
        which = f" ({', '.join(one.name for one in able)})" if able else ""
        raise InputError(
            f"picture: {len(able) or 'none'} of the {len(found)} results can be drawn as "
            f"{name}{which}; give the file of one."
        )
    return picture(name, able[0].data)
