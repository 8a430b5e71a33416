"""An answer as a picture, for notebooks and scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmcost.errors import InputError

if TYPE_CHECKING:
    from os import PathLike

    from llmcost.picture import Picture


def draw(answer: object, name: str | None = None) -> Picture:
    """Return an answer as a picture, which a notebook shows: its usual one, or the one named.

    `answer` is an Estimate, a Comparison, a Sensitivity, ... or a `Saved` one. Raises
    UnknownNameError for a name that no picture has, InputError for an answer that cannot be drawn
    so.
    """
    from llmcost.views.pictures import picture, pictures_of

    data = _data(answer)
    if name is None:
        names = pictures_of(data)
        if not names:
            raise InputError(f"Got a result of {data['schema']}, of which there is no picture.")
        name = names[0]
    return picture(name, data)


def write_picture(answer: object, path: str | PathLike[str], name: str | None = None) -> None:
    """Write an answer as a picture into a file: SVG, PNG or PDF by its suffix.

    Raises as `draw` does; also InputError for a path that cannot be written, MissingExtraError
    where matplotlib is not installed.
    """
    from llmcost.render import check_output, write_bytes
    from llmcost.render.pictures import draw as drawn
    from llmcost.render.pictures import picture_format_of

    chosen = picture_format_of(path)
    check_output(path)
    write_bytes(drawn(draw(answer, name), chosen), path)


def _data(answer: object) -> Any:  # noqa: ANN401
    from llmcost.render.reports.writing import saved_answer
    from llmcost.studies.saved import Saved

    return (answer if isinstance(answer, Saved) else saved_answer(answer)).data
