"""``llmcost report``: saved results as a page, a paper, a workbook or a picture."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from llmcost.cli.options import complete, complete_file, with_variables
from llmcost.errors import InputError, one_of, shown

if TYPE_CHECKING:
    from llmcost.report import Report
    from llmcost.studies.saved import Saved

REPORTS = ("html", "markdown", "latex", "xlsx", "zip")
PICTURES = ("svg", "png", "pdf")
SCREEN = ("table", "plain", "json")
FORMATS = (*REPORTS, *PICTURES, *SCREEN)
SUFFIXES = {".txt": "table", ".json": "json"}
# One text without files beside it: these may be printed.
PRINTED = (*SCREEN, "html")


class Asked(NamedTuple):
    """What is asked for: a format, a file or none for the screen, and what is drawn."""

    format_name: str
    output: str | None
    picture: str | None


def picture_names() -> list[tuple[str, str]]:
    """Return the pictures that results can be drawn as."""
    from llmcost.views.pictures import PICTURES as KNOWN

    return [(name, "") for name in KNOWN]


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.argument("files", nargs=-1, metavar="FILE...", shell_complete=complete_file)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write to FILE, in the format of its suffix: .html, .md, .tex, .xlsx, .zip; .svg, .png, "
    ".pdf; .txt, .json.",
    shell_complete=complete_file,
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    help="How to write.  [default: the suffix of --output, else table]",
)
@click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
@click.option(
    "--picture",
    metavar="NAME",
    help="One picture alone: cost, claim, tornado, cost-and-time, ...",
    shell_complete=complete(picture_names),
)
@click.option("--title", metavar="TEXT", help="The report's title.  [default: what it is about]")
@click.option(
    "--methods",
    is_flag=True,
    help="Only the methods paragraph and its sources: .md, .txt, .tex or .bib.",
)
@click.option(
    "--template",
    metavar="FILE",
    help="Your own jinja2 template, which makes the file of --output.",
    shell_complete=complete_file,
)
@click.option("--no-color", is_flag=True, help="No bold or dim text (also: NO_COLOR).")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def report(files: tuple[str, ...], **options: Any) -> None:  # noqa: ANN401
    """Make a report of saved results, without computing anything again.

    FILE is what another command saved with -o FILE.json, or a page that was
    made here; - reads standard input. A page is one file that works offline;
    Markdown and LaTeX have their pictures in a folder beside them. Without -o
    a digest is printed.

    \b
    Examples:
      llmcost estimate llama-3.1-405b --gpu h100-sxm --gpus 16000 -o cost.json
      llmcost report cost.json -o report.html
      llmcost report cost.json comparison.json -o report.md --title 'What we need'
      llmcost report cost.json -o cost.svg --picture cost
      llmcost report cost.json -o methods.tex --methods
    """
    from llmcost.cli.output import check_kept
    from llmcost.studies.saved import saved_results

    if options["methods"] and options["template"]:
        raise InputError("methods: got it beside --template; needs one of the two.")
    check_kept(options["output"], (*files, options["template"] or ""))
    if options["methods"] or options["template"]:
        _check_alone(options)
        found = saved_results(files)
        (_methods if options["methods"] else _by_template)(found, options)
        return
    asked = _asked(options)
    found = saved_results(files)
    if asked.picture is not None or asked.format_name in PICTURES:
        _one_picture(found, asked)
        return
    _whole_report(found, asked, options)


def _asked(options: dict[str, Any]) -> Asked:
    """Return what is asked for; raises InputError for what cannot be, before any work is done."""
    output, picture = options["output"], options["picture"]
    chosen = _chosen(options)
    if picture is not None:
        _check_picture(picture, chosen, output)
    if output is None and chosen not in PRINTED:
        raise InputError(
            f"format: got {chosen} without a file; needs --output, such as "
            f"-o report{_suffix(chosen)}."
        )
    _check_extras(chosen)
    if output is not None:
        from llmcost.render import check_output

        check_output(output)
    return Asked(chosen, output, picture)


def _chosen(options: dict[str, Any]) -> str:
    named = options["format_name"]
    if not options["as_json"]:
        return named or _format_of(options["output"])
    if named not in (None, "json"):
        raise InputError(f"format: got {named} beside --json; give only one.")
    return "json"


def _check_picture(picture: str, chosen: str, output: str | None) -> None:
    from llmcost.errors import UnknownNameError

    known = dict(picture_names())
    if picture not in known:
        raise UnknownNameError("picture", picture, known, f"Choose {one_of(known)}.")
    if chosen not in PICTURES and (chosen != "table" or output is not None):
        raise InputError(
            f"picture: got {picture} for {chosen}; needs a file that ends in .svg, .png or .pdf, "
            "or none to draw it here. A report has every picture."
        )


def _check_extras(chosen: str) -> None:
    """Raise MissingExtraError where what writes a format is not installed."""
    if chosen in (*PICTURES, "markdown", "latex"):
        from llmcost.render.pictures import check_extra

        check_extra()
    elif chosen == "xlsx":
        from llmcost.render import check_format

        check_format(chosen)


def _format_of(output: str | None) -> str:
    if output is None:
        return "table"
    from llmcost.render.pictures import SUFFIXES as DRAWN
    from llmcost.render.reports import REPORT_SUFFIXES
    from llmcost.render.suffixes import NAME_ONE, by_suffix

    return by_suffix(output, {**REPORT_SUFFIXES, **DRAWN, **SUFFIXES}, NAME_ONE)


def _suffix(chosen: str) -> str:
    return {"markdown": ".md", "latex": ".tex"}.get(chosen, f".{chosen}")


def _one_picture(found: tuple[Saved, ...], asked: Asked) -> None:
    """Draw one picture of the one result that can be drawn so."""
    from llmcost.cli.plotting import TERMINAL, show_picture
    from llmcost.views.reports.drawn import one_picture

    picture = one_picture(found, asked.picture)
    if asked.output is None:
        show_picture(picture, TERMINAL)
        return
    from llmcost.render import write_bytes
    from llmcost.render.pictures import draw

    write_bytes(draw(picture, asked.format_name), asked.output)
    _tell(asked.output, f"{picture.name}, {asked.format_name}")


def _whole_report(found: tuple[Saved, ...], asked: Asked, options: dict[str, Any]) -> None:
    from llmcost.render.reports.writing import write_files
    from llmcost.views.reports import build_report

    made = build_report(found, title=options["title"])
    if asked.format_name in SCREEN:
        _digest(made, asked, no_color=options["no_color"])
        return
    from llmcost.render.reports import STEM, render_report

    stem = os.path.splitext(os.path.basename(asked.output))[0] if asked.output else STEM
    files = render_report(made, asked.format_name, stem or STEM)
    if asked.output is None:
        click.echo(next(iter(files.values())).decode("utf-8"), nl=False)
        return
    write_files(files, asked.output)
    beside = len(files) - 1
    pictures = f", {beside} file{'s' if beside > 1 else ''} beside it" if beside else ""
    _tell(asked.output, f"{asked.format_name}{pictures}")


def _digest(made: Report, asked: Asked, *, no_color: bool) -> None:
    """Print or write a report as text, or as JSON."""
    from llmcost.cli.digest import digest_text
    from llmcost.cli.output import emit
    from llmcost.views.reports.documents import report_document, section_documents

    if asked.format_name == "json":
        shape: dict[str, Any] = {"as_json": False, "fields": None, "no_color": no_color}
        emit(report_document(made), format_name="json", output=asked.output, **shape)
        return
    parts = list(section_documents(made))
    text = digest_text(
        parts, asked.format_name, to_file=asked.output is not None, no_color=no_color
    )
    if asked.output is None:
        click.echo(text, nl=False, color=True)
        return
    from llmcost.render import write_output

    write_output(text, asked.output)
    _tell(asked.output, asked.format_name)


def _methods(found: tuple[Saved, ...], options: dict[str, Any]) -> None:
    """Write or print the methods paragraph with its sources."""
    from llmcost.render.reports.methods import methods
    from llmcost.views.reports import build_report

    made = build_report(found, title=options["title"])
    output = options["output"]
    stem, suffix = os.path.splitext(os.path.basename(output or "methods.txt"))
    files = methods(made, suffix.lower(), stem)
    if output is not None:
        _keep_others(os.path.dirname(output), list(files)[1:])
    _put(files, output, "methods")


def _keep_others(folder: str, names: list[str]) -> None:
    """Raise InputError where a file beside the output, named by nobody, is somebody's own."""
    for name in names:
        path = os.path.join(folder, name)
        if os.path.isfile(path) and not _is_ours(path):
            raise InputError(
                f"{shown(path)} is there, and was not written by llmcost; needs that name for the "
                "sources. Move it, or choose another --output."
            )


def _is_ours(path: str) -> bool:
    with open(path, "rb") as stream:
        return b"@misc{llmcost," in stream.read()


def _by_template(found: tuple[Saved, ...], options: dict[str, Any]) -> None:
    """Write or print what a user's own template makes of a report."""
    from llmcost.render.reports.template import from_template
    from llmcost.views.reports import build_report

    made = build_report(found, title=options["title"])
    output = options["output"]
    name = os.path.basename(output or "report.txt")
    _put(from_template(made, options["template"], name), output, "template")


def _put(files: dict[str, bytes], output: str | None, what: str) -> None:
    """Write files, or print the first of them."""
    if output is None:
        click.echo(next(iter(files.values())).decode("utf-8"), nl=False)
        return
    from llmcost.render.reports.writing import write_files

    write_files(files, output)
    beside = "".join(f", {name}" for name in list(files)[1:4])
    _tell(output, f"{what}{beside}")


def _check_alone(options: dict[str, Any]) -> None:
    """Raise InputError for options that have no meaning beside --methods or --template."""
    what = "methods" if options["methods"] else "template"
    for name in ("format_name", "picture"):
        if options[name] is not None:
            flag = name.removesuffix("_name")
            raise InputError(f"{flag}: got it beside --{what}, which the suffix of --output rules.")
    if options["as_json"]:
        raise InputError(f"json: got it beside --{what}; give one of the two.")
    if options["output"] is not None:
        from llmcost.render import check_output

        check_output(options["output"])


def _tell(output: str, what: str) -> None:
    click.echo(f"Wrote {output} ({what}).", err=True)


with_variables(report)
