"""The files of a report onto the disk: all of them or none."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath, PurePosixPath
from typing import TYPE_CHECKING

from llmcost.errors import InputError, shown
from llmcost.render.files import check_output, write_bytes
from llmcost.studies.saved.record import file_text

if TYPE_CHECKING:
    from llmcost.studies.saved import Saved

REMEDY = "Choose another path."


def write_report(
    results: Sequence[object],
    path: str | os.PathLike[str],
    *,
    format: str | None = None,  # noqa: A002
    title: str | None = None,
) -> None:
    """Write a report of some results to `path`, in the format of its suffix.

    Each of `results` is an answer (an Estimate, a Comparison, a Sensitivity, ...) or the path of
    one that was saved as JSON. Raises InputError for a result that cannot be read or a path that
    cannot be written, MissingExtraError where what writes the format is not installed.
    """
    from llmcost.render.reports import render_report, report_format_of
    from llmcost.views.reports import build_report

    if isinstance(results, str | bytes) or not isinstance(results, Sequence):
        results = (results,)
    chosen = format or report_format_of(path)
    check_output(path)
    report = build_report(_all_saved(results), title=title)
    write_files(render_report(report, chosen, PurePath(path).stem), path)


def _all_saved(results: Sequence[object]) -> tuple[Saved, ...]:
    """Return results as they would be saved, those in files read from them."""
    from llmcost.studies.saved import saved_results

    found: list[Saved] = []
    for at, one in enumerate(results, start=1):
        if isinstance(one, str | os.PathLike):
            found += saved_results([one])
        else:
            found.append(saved_answer(one, at))
    return tuple(found)


def saved_answer(answer: object, number: int = 1) -> Saved:
    """Return an answer as it would be read back from the file it was saved in.

    Raises InputError for anything that is no answer of llmcost.
    """
    import json

    from llmcost.render.json_text import json_text
    from llmcost.studies.saved import Saved
    from llmcost.studies.saved.kinds import check_result
    from llmcost.views import VIEWS, document

    kind = type(answer).__name__
    if kind not in VIEWS:
        raise InputError(
            f"Got {shown(kind)}; needs an answer of llmcost, such as an Estimate, or the path of "
            "a saved one."
        )
    name = f"{kind.lower()}-{number}.json"
    return Saved(name, check_result(json.loads(json_text(document(answer))), name))


def write_files(made: Mapping[str, bytes], path: str | os.PathLike[str]) -> None:
    """Write the first of some files to `path`, the others beside it by their names, or none.

    Files of these names are replaced, any other is left alone. Raises InputError where one cannot
    be written, with everything as it was before.
    """
    (_, main), *others = made.items()
    name = os.fspath(path)
    if not others:
        write_bytes(main, name)
        return
    check_output(name)
    if _is_stream(name):
        raise InputError(
            f"Cannot write {file_text(name)}: the report has {len(others)} pictures beside it; "
            f"needs the name of a file in a folder. {REMEDY}"
        )
    folder = Path(name).parent
    with _undone_unless_done() as undo:
        for relative, data in others:
            _place(folder, relative, data, undo)
        write_bytes(main, name)


def _is_stream(name: str) -> bool:
    try:
        return not stat.S_ISREG(os.stat(name).st_mode)
    except FileNotFoundError:
        return False


class _Undo:
    """What was done so far: folders made, files placed, and what stood there before."""

    def __init__(self) -> None:
        self.folders: list[Path] = []
        self.placed: list[tuple[Path, Path | None]] = []

    def back(self) -> None:
        """Put everything as it was."""
        for target, before in reversed(self.placed):
            with suppress(OSError):
                if before is None:
                    target.unlink()
                else:
                    before.replace(target)
        for folder in reversed(self.folders):
            with suppress(OSError):
                folder.rmdir()

    def forget(self) -> None:
        """Remove what is kept to go back."""
        for _, before in self.placed:
            if before is not None:
                with suppress(OSError):
                    before.unlink()


@contextmanager
def _undone_unless_done() -> Iterator[_Undo]:
    undo = _Undo()
    try:
        yield undo
    except BaseException:
        undo.back()
        raise
    undo.forget()


def _place(folder: Path, relative: str, data: bytes, undo: _Undo) -> None:
    """Write one file beside the main one; raises InputError where it cannot be."""
    inside = PurePosixPath(relative)
    if inside.is_absolute() or ".." in inside.parts or not inside.parts:
        raise InputError(
            f"Cannot write {file_text(relative)}: it is not inside the report's folder."
        )
    target = folder.joinpath(*inside.parts)
    try:
        for parent in reversed(target.relative_to(folder).parents[:-1]):
            _make(folder / parent, undo)
        before = _set_aside(target)
        undo.placed.append((target, before))
    except OSError as error:
        raise InputError(
            f"Cannot write {file_text(str(target))}: {error.strerror or error}; needs a place that "
            f"can be written. {REMEDY}"
        ) from error
    write_bytes(data, target)


def _make(folder: Path, undo: _Undo) -> None:
    if not folder.is_dir():
        folder.mkdir()
        undo.folders.append(folder)


def _set_aside(target: Path) -> Path | None:
    """Move what stands at a path out of the way, and return where to; `None` where nothing does."""
    if target.is_dir():
        raise IsADirectoryError(21, "it is a folder")
    if not os.path.lexists(target):
        return None
    aside = target.with_name(f".llmcost-{os.urandom(8).hex()}.old")
    target.rename(aside)
    return aside
