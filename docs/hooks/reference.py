"""Pages that are made from the code and the data, added to those that are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import commands
import facts
import python_names
import quantities
from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

PAGES = {
    "formulas.md": quantities.formulas_page,
    "reference/commands.md": commands.page,
    "reference/data.md": facts.page,
    "reference/python.md": python_names.page,
    "reference/quantities.md": quantities.quantities_page,
}


def on_files(files: Files, config: MkDocsConfig, **_: Any) -> Files:  # noqa: ANN401
    """Add the made pages."""
    for path, page in PAGES.items():
        files.append(File.generated(config, path, content=page()))
    return files
