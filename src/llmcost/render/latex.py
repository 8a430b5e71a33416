"""``latex``: tables for papers, with the rules of the booktabs package.

The text is ASCII only, so it compiles under every engine and input encoding.
"""

from __future__ import annotations

import re
import unicodedata

from llmcost.render.cells import Grid, display_width, grid, visible
from llmcost.table import Document

WIDE = 36
INDENT = r"\hspace*{1em}"
LIGATURE = re.compile(r"-(?=-)")
SPECIALS = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",
    "`": r"\char96{}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
}
SIGNS = {
    "–": r"\textendash{}",
    "—": r"\textemdash{}",
    "‑": "-",
    "−": "$-$",
    "×": r"$\times$",
    "·": r"$\cdot$",
    "÷": r"$\div$",
    "±": r"$\pm$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "≠": r"$\neq$",
    "→": r"$\rightarrow$",
    "←": r"$\leftarrow$",
    "…": r"\ldots{}",
    "•": r"$\bullet$",
    "°": r"$^{\circ}$",
    "µ": r"$\mu$",
    "μ": r"$\mu$",
    "√": r"$\surd$",
    "∞": r"$\infty$",
    "£": r"\pounds{}",
    "€": "EUR",
    "¥": "JPY",
    "§": r"\S{}",
    "©": r"\copyright{}",
    "“": r"\textquotedblleft{}",
    "”": r"\textquotedblright{}",
    "‘": r"\textquoteleft{}",
    "’": r"\textquoteright{}",
    "ß": r"\ss{}",
    "æ": r"\ae{}",
    "Æ": r"\AE{}",
    "ø": r"\o{}",
    "Ø": r"\O{}",
    "œ": r"\oe{}",
    "Œ": r"\OE{}",
    "ł": r"\l{}",
    "Ł": r"\L{}",
    "ı": r"\i{}",
    "\u00a0": "~",
    "\u2009": r"\,",
    "\u202f": r"\,",
}
ACCENTS = {
    "\u0300": "`",
    "\u0301": "'",
    "\u0302": "^",
    "\u0303": "~",
    "\u0304": "=",
    "\u0306": "u",
    "\u0307": ".",
    "\u0308": '"',
    "\u030a": "r",
    "\u030b": "H",
    "\u030c": "v",
    "\u0327": "c",
}
GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "η": "eta",
    "θ": "theta",
    "κ": "kappa",
    "λ": "lambda",
    "π": "pi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "φ": "phi",
    "χ": "chi",
    "ω": "omega",
    "Δ": "Delta",
    "Σ": "Sigma",
    "Ω": "Omega",
}


def latex(document: Document) -> str:
    """Return each table as a LaTeX float; needs the booktabs package and nothing else."""
    head = [r"% Needs \usepackage{booktabs} in the preamble."]
    head += [f"% {_comment(name)}: {_comment(value)}" for name, value in document.meta.items()]
    tables = [_table(grid(table), document.title) for table in document.tables]
    tail = [f"{escaped(message)}\\par" for message in document.messages]
    tail = [r"\noindent\textbf{Warnings}\par", *tail] if tail else []
    tail += [f"\\noindent {escaped(document.footer)}\\par"] if document.footer else []
    return "\n\n".join(filter(None, ["\n".join(head), *tables, "\n".join(tail)])) + "\n"


def escaped(text: str) -> str:
    r"""Return text as LaTeX prints it, in ASCII; a sign it cannot know is spelled ``U+4E2D``.

    >>> print(escaped("50% of H_2 – 3×10²"))
    50\% of H\_2 \textendash{} 3$\times$10\textsuperscript{2}
    """
    safe = unicodedata.normalize("NFC", visible(text))
    return LIGATURE.sub("-{}", "".join(map(_sign, safe)))


def _sign(character: str) -> str:
    known = SPECIALS.get(character) or SIGNS.get(character)
    if known:
        return known
    if character.isascii():
        return character
    if character in GREEK:
        return f"$\\{GREEK[character]}$"
    return _composed(character) or f"U+{ord(character):04X}"


def _composed(character: str) -> str:
    """Return an accented letter, or a raised or lowered digit, from its parts."""
    kind, _, parts = unicodedata.decomposition(character).rpartition("> ")
    letters = [chr(int(part, 16)) for part in parts.split()]
    if kind in ("<super", "<sub") and len(letters) == 1 and letters[0].isascii():
        return f"\\text{kind[1:]}script{{{letters[0]}}}"
    if not kind and len(letters) == 2 and letters[0].isascii() and letters[1] in ACCENTS:
        return f"\\{ACCENTS[letters[1]]}{{{letters[0]}}}"
    return ""


def _comment(text: str) -> str:
    return visible(text).encode("ascii", "backslashreplace").decode("ascii")


def _table(shown: Grid, title: str) -> str:
    caption = escaped(shown.title or title)
    lines = [r"\begin{table}[ht]", r"\centering", f"\\caption{{{caption}}}"]
    lines += [f"\\begin{{tabular}}{{{_columns(shown)}}}", r"\toprule"]
    lines += [_row(shown.headings), r"\midrule", *map(_row, shown.rows), r"\bottomrule"]
    lines += [r"\end{tabular}"]
    lines += [f"\\par\\smallskip\\footnotesize {escaped(note)}" for note in shown.notes]
    return "\n".join([*lines, r"\end{table}"])


def _columns(shown: Grid) -> str:
    """Return the column types; columns of long text share half of the line as paragraphs."""
    widest = [max(map(display_width, cells), default=0) for cells in _by_column(shown)]
    long = [not n and w > WIDE for n, w in zip(shown.numeric, widest, strict=True)]
    share = 0.5 / max(1, sum(long))
    return "".join(
        f"p{{{share:.2f}\\linewidth}}" if is_long else ("r" if numeric else "l")
        for is_long, numeric in zip(long, shown.numeric, strict=True)
    )


def _by_column(shown: Grid) -> list[tuple[str, ...]]:
    return [tuple(row[at] for row in shown.rows) for at in range(len(shown.headings))]


def _row(cells: tuple[str, ...]) -> str:
    return " & ".join(map(_cell, cells)) + r" \\"


def _cell(text: str) -> str:
    """Return a cell that keeps its indent, which TeX would drop."""
    rest = text.lstrip(" ")
    return (INDENT if text != rest else "") + escaped(rest)
