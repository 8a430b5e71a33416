"""BibTeX entries and bibliography items of the sources that a report names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote, urlsplit

from llmcost.render.latex import escaped
from llmcost.report import Footnote

ADDRESS_SAFE = "/:?#@!$&'()*+,;=~-._%[]"
NOT_STATED = "not stated"
_NOT_IN_KEYS = re.compile(r"[^A-Za-z0-9:.+-]+")
_ARXIV = re.compile(r"https://arxiv\.org/abs/([\d.]+\d)(?:v\d+)?")
_DOI = re.compile(r"https://doi\.org/(10\..+)")
_YEAR = re.compile(r"\b\d{4}\b")
_DAY = re.compile(r"(\d{4})(?:-(\d\d))?(?:-\d\d)?")


def bibtex(notes: Iterable[Footnote]) -> str:
    """Return one BibTeX entry a source, in plain ASCII and each under a key of its own."""
    listed = list(notes)
    keys = entry_keys(listed)
    return "\n".join(_entry(keys[note.key], note) for note in listed)


def entry_keys(notes: Sequence[Footnote]) -> Mapping[str, str]:
    """Return the key of the entry of each source: ASCII, and unlike all others in any case."""
    keys: dict[str, str] = {}
    taken: set[str] = set()
    for note in notes:
        plain = _NOT_IN_KEYS.sub("-", _ascii(note.key)).strip("-") or "source"
        key, number = plain, 2
        while key.lower() in taken:
            key, number = f"{plain}-{number}", number + 1
        taken.add(key.lower())
        keys[note.key] = key
    return keys


def item(key: str, note: Footnote) -> str:
    """Return the item of a source in an embedded bibliography of LaTeX."""
    authors = _known(note.authors)
    told = [escaped(_ended(authors)) if authors else ""]
    told.append(f"\\emph{{{escaped(note.title or note.key)}}}.")
    told.append(escaped(f"{note.published}.") if note.published else "")
    url = address(note.url)
    told.append(f"\\url{{{url}}}." if url else "")
    told.append(escaped(f"{remarks(note)}.") if remarks(note) else "")
    return f"\\bibitem{{{key}}} " + "\n".join(filter(None, told))


def remarks(note: Footnote) -> str:
    """Return when a source was read, and whether only in another text that quotes it."""
    accessed = f"Read {note.accessed}" if note.accessed else ""
    second = "quoted in another text" if note.second_hand else ""
    told = ", ".join(filter(None, (accessed, second)))
    return f"{told[:1].upper()}{told[1:]}"


def address(url: str) -> str:
    """Return a web address that is safe inside braces, or nothing for any other text."""
    try:
        parts = urlsplit(url)
        web = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return ""
    if not web:
        return ""
    return quote(url, safe=ADDRESS_SAFE, encoding="utf-8", errors="replace")


def _balanced(text: str) -> str:
    """Return text for a field; BibTeX counts even the braces that a backslash makes plain."""
    plain = escaped(text)
    return plain.replace(r"\{", r"\textbraceleft{}").replace(r"\}", r"\textbraceright{}")


def _entry(key: str, note: Footnote) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in _fields(note).items() if value]
    return "\n".join([f"@misc{{{key},", *lines, "}", ""])


def _fields(note: Footnote) -> dict[str, str]:
    day = _DAY.fullmatch(note.published)
    years = _YEAR.findall(note.published)
    told = f"Published {note.published}" if note.published and not day else ""
    arxiv, doi = _ARXIV.fullmatch(note.url), _DOI.fullmatch(note.url)
    return {
        "title": f"{{{_balanced(note.title or note.key)}}}",
        "author": _authors(_known(note.authors)),
        "year": years[-1] if years else "",
        "month": str(int(day[2])) if day and day[2] else "",
        "eprint": arxiv[1] if arxiv else "",
        "archiveprefix": "arXiv" if arxiv else "",
        "doi": doi[1] if doi else "",
        "url": address(note.url),
        "note": _balanced(". ".join(filter(None, (told, remarks(note))))),
    }


def _authors(text: str) -> str:
    """Return authors as BibTeX parts them; what may be an organisation stays in one piece."""
    if text.endswith(" et al."):
        return f"{_balanced(text.removesuffix(' et al.'))} and others"
    names = [name.strip() for name in re.split(r"[,;]", text) if name.strip()]
    people = len(names) > 1 and ";" not in text and all(" " in name for name in names)
    return " and ".join(_balanced(name) if people else f"{{{_balanced(name)}}}" for name in names)


def _known(authors: str) -> str:
    return "" if authors == NOT_STATED else authors


def _ended(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _ascii(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return decomposed.encode("ascii", "ignore").decode("ascii")
