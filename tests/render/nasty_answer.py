"""One answer that holds everything that has ever broken a table."""

from __future__ import annotations

from llmcost.table import Cell, Document, Field, Table

HTML = '<script>alert("x")</script>&amp;'
FORMULA = "=cmd('calc')"
PIPES = r"a|b\|c `code` *bold* _under_ [link](http://x) h100_sxm"
ESCAPES = "\x1b[2J\x1b[31mred\x07 \u202egnp.exe\u2066 \x9b0m"
LINES = "two\r\nlines\tand a tab\rand more"
UNICODE = "Größe – 3 × 10² 中文字 e\u0301 ≥ µ"
LONG = "words that go on " * 20 + "https://example.org/" + "path/" * 30
LATEX = r"50% & $5 #1 a_b {x} ~ ^ \input{y} --gpus"
TEXTS = (HTML, FORMULA, PIPES, ESCAPES, LINES, UNICODE, LONG, LATEX, "-1+1", "+1", "@x", "\tx", "")
NUMBERS: tuple[Cell, ...] = (-5, 1e300, 5e-324, 0.1, None, 3.94e25, -0.25, 10**20, True, 0, 1, 2, 3)

FIELDS = (
    Field("label", "What | it <is>"),
    Field("cost", "Cost", "USD", "right"),
    Field("gpu_hours", "GPU-hours", "GPU*hour", "right"),
)
ROWS = tuple((text, number, 12.5) for text, number in zip(TEXTS, NUMBERS, strict=True))
TABLE = Table("nasty", FIELDS, ROWS, title="A <b>nasty</b> table", notes=(LONG, HTML))
DOCUMENT = Document(
    title=f"Nasty {ESCAPES}",
    tables=(TABLE,),
    flat=TABLE,
    data={"schema": "nasty", "results": [{"label": text} for text in TEXTS]},
    messages=(f"Careful: {LINES}", PIPES),
    footer=f"made by {HTML}",
    meta={"seed": '"0"'},
)
