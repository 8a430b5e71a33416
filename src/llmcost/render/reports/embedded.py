"""JSON inside a page: nothing in it can end its element or start another.

A saved result stands in the page as it is, as

``<script type="application/json" id="llmcost-result-1" data-name="estimate.json">...</script>``,

so that the page can be read back. One of more than `MOST_PLAIN` characters is compressed: its
element has ``data-encoding="gzip base64"`` and holds base64 text of its gzipped JSON. What then
still does not fit into `MOST_EMBEDDED` characters for all results together is left out, and the
page says so; so is one of more than `MOST_PACKED` characters, which would not fit.
"""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_PLAIN = 1_000_000
MOST_EMBEDDED = 6_000_000
MOST_PACKED = 30_000_000
ENCODED = "gzip base64"

# Halves of a character, which UTF-8 cannot hold.
HALVES = re.compile("[\ud800-\udfff]")
ESCAPES = {
    ord("<"): "\\u003c",
    ord(">"): "\\u003e",
    ord("&"): "\\u0026",
    ord("\u2028"): "\\u2028",
    ord("\u2029"): "\\u2029",
}


@dataclass(frozen=True, slots=True)
class Embedded:
    """A saved result in the page: `text` is empty where it was too large.

    `size` is that of its JSON [byte], `encoding` is empty for plain JSON, and `room_left` tells
    how many characters the results after it may take.
    """

    identity: str
    name: str
    text: str
    encoding: str
    size: int
    room_left: int

    @property
    def size_text(self) -> str:
        """The size of its JSON in words: ``54.2 kB``."""
        kilo = self.size / 1000
        words = f"{kilo / 1000:,.1f} MB" if kilo >= 1000 else f"{kilo:,.1f} kB"
        return words if self.size < MOST_PACKED else f"more than {words}"


def json_for_page(data: object) -> str:
    """Return `data` as JSON to stand inside a ``<script>`` element.

    Raises ValueError for a number that is not finite.

    >>> json_for_page({"name": "</script>"})
    '{"name":"\\\\u003c/script\\\\u003e"}'
    """
    return _json(data).translate(ESCAPES)


def _json(data: object) -> str:
    text = json.dumps(data, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    return HALVES.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def embedded(
    data: Mapping[str, Any], name: str, number: int, room: int = MOST_EMBEDDED
) -> Embedded:
    """Return saved result `number` for a page that has `room` [characters] left for it."""
    identity = f"llmcost-result-{number}"
    if _is_huge(data):
        return Embedded(identity, name, "", "", MOST_PACKED, room)
    plain = _json(data)
    text, encoding = plain.translate(ESCAPES), ""
    if len(text) > MOST_PLAIN:
        packed = gzip.compress(plain.encode(), 6, mtime=0)
        text, encoding = b64encode(packed).decode("ascii"), ENCODED
    kept = text if len(text) <= room else ""
    return Embedded(identity, name, kept, encoding, len(plain.encode()), room - len(kept))


def _is_huge(data: Mapping[str, Any]) -> bool:
    """Return whether a result has too many characters, told without writing all of them."""
    total = 0
    for value in data.values():
        for item in value if isinstance(value, list) else (value,):
            total += len(_json(item))
            if total > MOST_PACKED:
                return True
    return False
