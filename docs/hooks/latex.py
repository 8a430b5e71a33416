"""One-line expressions, as `llmcost explain` prints them, to LaTeX.

Names are joined by `x`, `/`, `+`, `-` and `^`; side by side they multiply, tighter than `/`.
What is no expression (prose, a choice between cases) gives nothing, and is shown as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Collection

TOKEN = re.compile(r"\s*(?:(\d[\d.]*(?:e\d+)?)|([A-Za-z][A-Za-z0-9_]*)|([-+/^()]))")
GREEK = ("alpha", "beta")
FUNCTIONS = {"exp": r"\exp", "sqrt": r"\sqrt"}
# What an expression cannot say in one line, by the name of the number.
OWN = {
    "model_flop": r"\sum_{\text{phases}} \text{tokens} \cdot "
    r"(\text{matmul_flop_per_token} + \text{attention_flop_per_token})",
    "mean_context": r"\begin{cases} S & \text{in full} \\ S / 2 & \text{causal} \\ "
    r"w - w^2 / (2 S) & \text{causal, window } w \end{cases}",
    "mfu": r"\frac{\text{model FLOP/s of one device}}{\text{peak_flop_rate}}",
    "tokens_per_gpu_second": r"\frac{\text{peak_flop_rate} \cdot \text{mfu}}"
    r"{\text{model FLOP per token}}",
}


class NoExpressionError(ValueError):
    """A text that is no expression."""


def equation(name: str, expression: str, known: Collection[str]) -> tuple[str, str]:
    """Return the LaTeX of `name = expression` and the words after it; both empty for prose.

    `known` are the words that may stand in an expression.
    """
    if name in OWN:
        return f"{_word(name)} = {OWN[name]}", ""
    formula, _, rest = expression.partition(", ")
    try:
        return f"{_word(name)} = {_Reader(formula, known).all()}", rest
    except NoExpressionError:
        return "", ""


def _word(name: str) -> str:
    if len(name) == 1:
        return name
    return rf"\{name}" if name in GREEK else rf"\text{{{name}}}"


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        self.tokens = _tokens(text)
        self.known, self.at = known, 0

    def all(self) -> str:
        made = self.sum()
        if self.at < len(self.tokens):
            raise NoExpressionError(self.tokens[self.at])
        return made

    @property
    def next(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def sum(self) -> str:
        sign = self.take() if self.next == "-" else ""
        made = f"{sign}{self.product()}"
        while self.next in ("+", "-"):
            made = f"{made} {self.take()} {self.product()}"
        return made

    def product(self) -> str:
        """Read factors and divisors: what stands over the bar of one fraction, and what under."""
        over, under = [self.factor()], []
        while self.next in ("x", "/"):
            (over if self.take() == "x" else under).append(self.factor())
        if not under:
            return r" \cdot ".join(over)
        over = [factor for factor in over if factor != "1"] or ["1"]
        return rf"\frac{{{_side(over)}}}{{{_side(under)}}}"

    def factor(self) -> str:
        """Read what stands side by side."""
        parts = [self.power()]
        while self.next and self.next not in ("x", "/", "+", "-", ")", "^"):
            parts.append(self.power())
        return r" \, ".join(parts)

    def power(self) -> str:
        made = self.atom()
        if self.next == "^":
            self.take()
            sign = self.take() if self.next == "-" else ""
            made = f"{made}^{{{sign}{_bare(self.atom())}}}"
        return made

    def atom(self) -> str:
        if not self.next:
            raise NoExpressionError("ends early")
        token = self.take()
        if token == "(":
            return rf"({self.closed()})"
        if token in FUNCTIONS and self.next == "(":
            self.take()
            inner = self.closed()
            return rf"\sqrt{{{inner}}}" if token == "sqrt" else rf"\exp({inner})"
        if token[0].isdigit():
            return _number(token)
        if (len(token) == 1 and token.isalpha()) or token in GREEK or token in self.known:
            return _word(token)
        raise NoExpressionError(token)

    def closed(self) -> str:
        made = self.sum()
        if self.next != ")":
            raise NoExpressionError("a bracket is open")
        self.take()
        return made


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        if match is None:
            raise NoExpressionError(text[at:])
        found.append(next(part for part in match.groups() if part))
        at = match.end()
    return found


def _number(token: str) -> str:
    digits, _, exponent = token.partition("e")
    if not exponent:
        return digits
    power = f"10^{{{exponent}}}"
    return power if digits == "1" else rf"{digits} \cdot {power}"


def _side(factors: list[str]) -> str:
    """Return one side of the bar of a fraction."""
    if len(factors) == 1:
        return _bare(factors[0])
    return r" \cdot ".join(part for factor in factors for part in _factors(factor))


def _factors(text: str) -> list[str]:
    """Return the factors of a product in brackets, which need none beside others."""
    bare = _bare(text)
    return [text] if re.search(r" [-+] ", bare) else [bare]


def _bare(text: str) -> str:
    """Take the brackets off that the bar of a fraction makes needless."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for at, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and at < len(text) - 1:
            return text
    return text[1:-1]
