"""The results inside a report that was saved as a page: its blocks of JSON, by name."""

from __future__ import annotations

import binascii
import zlib
from base64 import b64decode
from html.parser import HTMLParser

from llmcost.errors import InputError
from llmcost.studies.saved.record import file_text

ID = "llmcost-result-"
PACKED = "gzip base64"
MAX_BYTES = 500_000_000
# What tells zlib that the bytes have the head and tail of gzip.
GZIP = 31


def is_page(text: str) -> bool:
    """Return whether a text is a page of HTML rather than JSON."""
    return text.lstrip()[:1] == "<"


def results_in(text: str, name: str) -> list[tuple[str, str]]:
    """Return the name and the JSON text of each result that a page holds.

    Raises InputError for a page without any.
    """
    parser = _Blocks()
    parser.feed(text)
    parser.close()
    if parser.inside is not None or not parser.found:
        what = "is cut off" if parser.inside is not None else "holds no result"
        raise InputError(
            f"{file_text(name)} is a page that {what}; needs a report made by llmcost report, or "
            "the JSON file of a result."
        )
    return [
        (told, _unpacked(body, name) if packed else body) for told, body, packed in parser.found
    ]


def _unpacked(body: str, name: str) -> str:
    """Return the JSON text of a packed block; raises InputError where it is damaged."""
    unpacker = zlib.decompressobj(GZIP)
    try:
        data = unpacker.decompress(b64decode(body, validate=True), MAX_BYTES)
        text = data.decode("utf-8")
    except (ValueError, binascii.Error, zlib.error):
        text = ""
    if not text or not unpacker.eof:
        raise InputError(
            f"{file_text(name)}: a packed result in the page is damaged or too large; needs the "
            "page as llmcost report wrote it."
        )
    return text


class _Blocks(HTMLParser):
    """Collects the text of the scripts that hold results."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str, bool]] = []
        self.packed = False
        self.inside: str | None = None
        self._parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block at a script whose id is that of a result."""
        told = dict(attrs)
        own = (told.get("id") or "").startswith(ID) and told.get("type") == "application/json"
        if tag == "script" and own:
            self.inside = told.get("data-name") or "result.json"
            self.packed = told.get("data-encoding") == PACKED
            self._parts = []

    def handle_data(self, data: str) -> None:
        """Collect what a block holds."""
        if self.inside is not None:
            self._parts.append(data)

    def handle_endtag(self, tag: str) -> None:
        """End a block."""
        if tag == "script" and self.inside is not None:
            self.found.append((self.inside, "".join(self._parts), self.packed))
            self.inside = None
