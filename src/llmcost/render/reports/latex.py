"""``latex``: a report as a whole document for pdflatex, its pictures as PDF in a folder beside it.

It needs the packages booktabs, float, geometry, graphicx, hyperref, longtable and siunitx. The
bibliography is part of the document, so one or two runs of pdflatex are all it takes. The text is
ASCII only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from llmcost.picture import Picture
from llmcost.render.latex import escaped
from llmcost.render.reports.beside import drawn, folder_of, pictures_beside
from llmcost.render.reports.bibtex import entry_keys, item
from llmcost.render.reports.latex_tables import latex_table
from llmcost.render.reports.latex_words import cited
from llmcost.report import Footnote, Report, Section

PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[margin=25mm]{geometry}
\usepackage{booktabs}
\usepackage{float}
\usepackage{graphicx}
\usepackage{longtable}
\usepackage{siunitx}
\PassOptionsToPackage{hyphens}{url}
\usepackage[hidelinks]{hyperref}
\sisetup{group-separator={,},group-minimum-digits=4,group-digits=integer}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt}
\setlength{\emergencystretch}{3em}
\setlength{\belowcaptionskip}{6pt}
\hbadness=10000"""


def latex(report: Report, name: str = "report") -> dict[str, bytes]:
    """Return the report as ``NAME.tex`` and one PDF a picture in ``NAME_files``.

    Raises MissingExtraError where matplotlib is not installed.
    """
    folder = folder_of(name)
    text = latex_text(report, folder)
    return {f"{name}.tex": text.encode("ascii"), **drawn(report, folder, "pdf")}


def latex_text(report: Report, folder: str) -> str:
    """Return the report as a LaTeX document that finds its pictures in `folder`."""
    keys = entry_keys(report.footnotes)
    paths = iter([path for path, _ in pictures_beside(report, folder, "pdf")])
    blocks = [PREAMBLE, *_front(report, keys)]
    for section in report.sections:
        blocks += _section(section, paths, keys)
    blocks += [_heading("Methods"), cited(report.methods, keys)] if report.methods else []
    blocks += _made_by(report.made_by)
    blocks += _bibliography(report.footnotes, keys)
    return "\n\n".join(filter(None, [*blocks, r"\end{document}"])) + "\n"


def _front(report: Report, keys: Mapping[str, str]) -> Iterator[str]:
    yield f"\\title{{{escaped(report.title)}}}\n\\author{{}}\n\\date{{}}"
    yield "\\begin{document}\n\\maketitle"
    if report.summary:
        words = "\n".join(cited(sentence, keys) for sentence in report.summary)
        yield f"\\begin{{abstract}}\n\\noindent {words}\n\\end{{abstract}}"
    if report.warnings:
        yield "\\textbf{Warnings}"
        yield _itemised(cited(warning, keys) for warning in report.warnings)


def _section(section: Section, paths: Iterator[str], keys: Mapping[str, str]) -> Iterator[str]:
    yield _heading(section.title)
    for paragraph in section.paragraphs:
        yield cited(paragraph, keys)
    for picture in section.pictures:
        yield _figure(picture, next(paths), keys)
    for table in section.tables:
        yield latex_table(table, keys)


def _figure(picture: Picture, path: str, keys: Mapping[str, str]) -> str:
    """Return a picture, which shows its own title and source, under its text alternative."""
    title = escaped(picture.title)
    size = r"width=\linewidth,height=0.68\textheight,keepaspectratio"
    return "\n".join(
        [
            r"\begin{figure}[H]",
            r"\centering",
            f"\\includegraphics[{size}]{{{path}}}",
            f"\\caption[{{{title}}}]{{\\small {cited(picture.description, keys) or title}}}",
            r"\end{figure}",
        ]
    )


def _made_by(told: Iterable[tuple[str, str]]) -> Iterator[str]:
    lines = [rf"\textbf{{{escaped(label)}:}} \texttt{{{escaped(text)}}}" for label, text in told]
    if lines:
        yield _heading("Made by")
        yield f"{{\\raggedright\\small\n{_itemised(lines)}\n\\par}}"


def _bibliography(notes: Iterable[Footnote], keys: Mapping[str, str]) -> Iterator[str]:
    items = [item(keys[note.key], note) for note in notes]
    if items:
        yield f"{{\\small\\raggedright\n\\begin{{thebibliography}}{{{len(items)}}}"
        yield from items
        yield "\\end{thebibliography}}"


def _heading(title: str) -> str:
    return f"\\section{{{escaped(title)}}}"


def _itemised(items: Iterable[str]) -> str:
    return "\n".join(["\\begin{itemize}", *(f"\\item {each}" for each in items), "\\end{itemize}"])
