"""``llmcost calibrate``: refit the constants of the model of a step from measured steps."""

from __future__ import annotations

import click

from llmcost.cli.options import complete_file

SOURCE = "source"


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.option(
    "--data",
    metavar="FILE",
    help="Measured steps, in the columns of throughput.csv.  [default: the shipped ones]",
    shell_complete=complete_file,
)
@click.option(
    "--cross-validate",
    type=click.Choice([SOURCE]),
    metavar="source",
    help="Print also how far off each source is by constants fitted without it.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    default="calibration.toml",
    show_default=True,
    help="Where the constants go.",
    shell_complete=complete_file,
)
@click.option("-q", "--quiet", is_flag=True, help="No lines of progress.")
def calibrate(data: str | None, cross_validate: str | None, output: str, quiet: bool) -> None:
    """Refit every constant from measured steps, in a few minutes.

    Writes their values, standard errors and 80% intervals, with the rows, the
    command and the date. The shipped data/calibration.toml is what this writes.

    \b
    Examples:
      llmcost calibrate
      llmcost calibrate --data mine.csv -o mine.toml --cross-validate source
    """
    from datetime import UTC, datetime

    from llmcost.cli.output import emit
    from llmcost.render import write_output
    from llmcost.studies.calibration import calibrate as refit
    from llmcost.studies.calibration import toml_text

    _check_output(output)
    command = "llmcost calibrate" + (f" --data {data}" if data else "")
    found = refit(
        data,
        command=command,
        day=f"{datetime.now(UTC):%Y-%m-%d}",
        report=(lambda _: None) if quiet else lambda line: click.echo(line, err=True),
    )
    write_output(toml_text(found.calibration), output)
    click.echo(f"Wrote {output} ({found.rows} rows).", err=True)
    if cross_validate == SOURCE:
        from llmcost.studies.validation.report import validate_left_out
        from llmcost.views.validations import validation_document

        document = validation_document(validate_left_out(found, data))
        emit(
            document,
            format_name=None,
            as_json=False,
            output=None,
            fields=None,
            no_color=False,
        )


def _check_output(output: str) -> None:
    """Raise InputError where nothing can be written, before the minutes that a fit takes."""
    import os
    from pathlib import Path

    from llmcost.errors import InputError, shown

    file = Path(output)
    where = file if file.exists() else file.parent
    if file.is_dir() or not file.parent.is_dir() or not os.access(where, os.W_OK):
        raise InputError(
            f"output: got {shown(output)}, which cannot be written; needs the name of a file in a "
            "folder that exists and may be written to."
        )
