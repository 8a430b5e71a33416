"""Imports point one way: a module imports only from strictly lower layers, or its own folder."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "llmcost"
# Highest first. A name stands for a module or a folder directly under llmcost.
LAYERS = [
    {"__init__", "__main__"},
    {"cli"},
    {"render"},
    {"views"},
    {"studies"},
    {"logs", "bench"},
    {"inputs"},
    {"enumeration"},
    {"layout", "shapes", "machine"},
    {"amounts", "expressions"},
    {"sampling", "counting"},
    {"engine"},
    {"catalog", "formulas"},
    {"units"},
    {"ranges"},
    {"reading", "figures", "tracing"},
    {"report"},
    {"picture"},
    {"errors", "table", "_version"},
]
RANK = {name: len(LAYERS) - i for i, names in enumerate(LAYERS) for name in names}


def modules():
    """Return every module file under src/llmcost."""
    return sorted(SOURCE.rglob("*.py"))


def room(path_or_name):
    """Return the module or folder directly under llmcost that something belongs to."""
    if isinstance(path_or_name, Path):
        return path_or_name.relative_to(SOURCE).with_suffix("").parts[0]
    parts = path_or_name.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports_of(path):
    """Yield every llmcost module that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("llmcost"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("llmcost"):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if node.module == "llmcost" or _is_module(whole) else node.module


def _is_module(name):
    """Return whether a dotted name is that of a file or a folder of llmcost."""
    place = SOURCE.parent / name.replace(".", "/")
    return place.is_dir() or place.with_suffix(".py").is_file()


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_every_import_points_down(path):
    own = room(path)
    if own in ("__init__", "__main__"):
        return
    wrong = [
        name for name in imports_of(path) if room(name) != own and RANK[room(name)] >= RANK[own]
    ]

    assert wrong == []


def test_every_module_has_a_layer():
    assert {room(path) for path in modules()} <= set(RANK)


def _module_graph():
    names = {
        "llmcost."
        + ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"): path
        for path in modules()
    }
    return {name: set(imports_of(path)) & set(names) for name, path in names.items()}


def test_no_import_goes_in_a_circle():
    graph, done = _module_graph(), set()

    def visit(name, trail):
        assert name not in trail, " -> ".join([*trail, name])
        if name not in done:
            for target in graph[name]:
                visit(target, [*trail, name])
            done.add(name)

    for name in graph:
        visit(name, [])


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_module_is_longer_than_400_lines(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(SOURCE)))
def test_no_function_body_is_longer_than_60_lines(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            first = node.body[0]
            has_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            start = (first.end_lineno + 1) if has_doc else first.lineno
            assert node.end_lineno - start < 60, node.name
