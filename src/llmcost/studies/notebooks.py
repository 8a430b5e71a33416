"""How an answer shows itself in a notebook: by its view, which is found by name."""

from __future__ import annotations


class ShownInNotebooks:
    """An answer that a notebook shows as tables."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        from importlib import import_module

        document = import_module("llmcost.views").document(self)
        return str(import_module("llmcost.render.hypertext").fragment(document))
