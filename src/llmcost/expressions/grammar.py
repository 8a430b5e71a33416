"""The grammar of conditions, by recursive descent over its tokens; nothing is executed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from llmcost.errors import InputError, UnknownNameError, one_of, shown
from llmcost.expressions import tokens as lexing
from llmcost.expressions.nodes import (
    Column,
    Comparison,
    Constant,
    Either,
    Every,
    TextColumn,
    TextComparison,
    Truth,
)
from llmcost.expressions.parts import (
    NUMBER,
    TEXT,
    TRUTH,
    WORD,
    Part,
    added,
    compared,
    multiplied,
    number,
    unit_named,
)
from llmcost.expressions.tokens import END, KEYWORDS, SIGN, Token, refused
from llmcost.reading import known_units

MAX_DEPTH = 50
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
# The one name that the command line spells otherwise.
ALIASES = {"gpus": "num_gpus"}
LITERALS = {"true": 1.0, "false": 0.0}


@dataclass(slots=True)
class Grammar:
    """One condition that is being read: its tokens, the units of its names, what was found."""

    condition: str
    units: Mapping[str, str | None]
    tokens: list[Token]
    at: int = 0
    depth: int = 0
    names: list[str] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)

    def whole(self) -> Truth:
        """Return the condition; raises InputError, UnitError and UnknownNameError."""
        if self.tokens[0].kind == END:
            raise refused(self.condition, "it is empty")
        found = self._either()
        self._refuse_rest()
        truth = self._truth(found)
        if not self.names:
            raise refused(self.condition, "it names no result and no input")
        return truth

    def _refuse_rest(self) -> None:
        token = self._token
        if token.kind == END:
            return
        why = f"{shown(token.text)} (character {token.start + 1}) does not belong there"
        before = self.tokens[self.at - 1] if self.at else token
        if token.kind in (lexing.WORD, lexing.TEXT) and before.kind == lexing.WORD:
            why += "; join comparisons with 'and' or 'or', and put text of several words in quotes"
        raise refused(self.condition, why)

    @property
    def _token(self) -> Token:
        return self.tokens[self.at]

    def _take(self, *texts: str) -> Token | None:
        """Return the next token and go on, where it is one of these signs or keywords."""
        token = self._token
        kinds = (SIGN, lexing.WORD)
        if token.kind in kinds and token.text in texts:
            self.at += 1
            return token
        return None

    def _written(self, start: int) -> str:
        return self.condition[self.tokens[start].start : self.tokens[self.at - 1].end]

    def _truth(self, part: Part) -> Truth:
        if part.kind == TRUTH:
            return cast(Truth, part.node)
        name = self._known(part) if part.kind == WORD else part.written
        raise refused(self.condition, f"{shown(name)} alone is neither true nor false")

    def _known(self, part: Part) -> str:
        """Return a word; raises UnknownNameError, or InputError that says what it may be."""
        word = part.written
        head = word.partition(".")[0].replace("-", "_")
        if "." in word and head in self.units:
            statistics = [name for name in self.units if name.startswith(f"{head}.")]
            can = f"; needs {one_of(statistics)}" if statistics else ", and attributes are not read"
            raise refused(self.condition, f"{shown(word)} is an attribute{can}")
        if "-" in word and all(piece.isdigit() or piece in self.units for piece in word.split("-")):
            spaced = word.replace("-", " - ")
            raise refused(self.condition, f"{shown(word)} is one name; write {spaced} to subtract")
        hint = "Text stands beside a name that holds text, or in quotes."
        if any(word in words for words in known_units().values()):
            hint = "A unit stands right behind its number, without spaces around '/' and '*'."
        raise UnknownNameError("name", word, self.units, hint)

    def _number(self, part: Part) -> Part:
        if part.kind == NUMBER:
            return part
        if part.kind == WORD and part.written.lower() in LITERALS:
            return number(LITERALS[part.written.lower()], "", part.written)
        if part.kind == WORD:
            self._known(part)
        what = "a comparison" if part.kind == TRUTH else "text"
        raise refused(self.condition, f"{shown(part.written)} is {what} where a number belongs")

    def _joined(self, keyword: str, one: Callable[[], Part], join: type[Every | Either]) -> Part:
        start, first = self.at, one()
        if self._token.text != keyword or self._token.kind != lexing.WORD:
            return first
        parts = [self._truth(first)]
        while self._take(keyword):
            parts.append(self._truth(one()))
        return Part(TRUTH, join(tuple(parts)), self._written(start))

    def _either(self) -> Part:
        return self._joined("or", self._every, Either)

    def _every(self) -> Part:
        return self._joined("and", self._negated, Every)

    def _negated(self) -> Part:
        start, negations = self.at, 0
        while self._take("not"):
            negations += 1
        found = self._comparison()
        if not negations:
            return found
        truth = self._truth(found)
        return Part(TRUTH, truth.opposite() if negations % 2 else truth, self._written(start))

    def _comparison(self) -> Part:
        start, left = self.at, self._sum()
        if self._token.kind == lexing.WORD and self._token.text in ("in", "not"):
            return self._membership(start, left)
        found: list[Truth] = []
        while sign := self._take(*COMPARISONS):
            right = self._sum()
            found.append(self._compared(sign.text, left, right))
            left = right
        if not found:
            return left
        return Part(
            TRUTH, found[0] if len(found) == 1 else Every(tuple(found)), self._written(start)
        )

    def _membership(self, start: int, left: Part) -> Part:
        negated = self._take("not")
        if not self._take("in") or not self._take("("):
            raise refused(self.condition, "a list stands in round brackets behind 'in'")
        found: list[Truth] = []
        while True:
            found.append(self._compared("==", left, self._sum()))
            if self._take(")"):
                break
            if not self._take(","):
                why = f"{shown(self._token.text)} stands in a list; needs a comma or ')'"
                raise refused(self.condition, why)
        truth = found[0] if len(found) == 1 else Either(tuple(found))
        return Part(TRUTH, truth.opposite() if negated else truth, self._written(start))

    def _compared(self, sign: str, left: Part, right: Part) -> Truth:
        if TEXT in (left.kind, right.kind):
            return self._text_compared(sign, left, right)
        left, right = self._number(left), self._number(right)
        return Comparison(sign, *compared(left, right))

    def _text_compared(self, sign: str, left: Part, right: Part) -> Truth:
        columns = [part.node for part in (left, right) if isinstance(part.node, TextColumn)]
        for part in (left, right):
            if part.kind not in (TEXT, WORD):
                need = "needs text, in quotes where it begins with a digit"
                raise refused(self.condition, f"{shown(part.written)} stands beside text; {need}")
        if not columns:
            for part in (left, right):
                if part.kind == WORD:
                    self._known(part)
            raise refused(self.condition, "two texts are compared, and no name")
        if sign not in ("==", "!="):
            why = f"{shown(columns[0].name)} is text; needs == or !="
            raise refused(self.condition, why)
        for part in (left, right):
            if part.constant:
                self.texts.append((columns[0].name, str(part.node.of({}))))
        return TextComparison(sign == "==", left.node, right.node)

    def _sum(self) -> Part:
        return self._series(("+", "-"), self._product, added)

    def _product(self) -> Part:
        return self._series(("*", "/"), self._signed, multiplied)

    def _series(
        self,
        signs: tuple[str, str],
        one: Callable[[], Part],
        join: Callable[[list[tuple[str, Part]], str], Part],
    ) -> Part:
        start, first = self.at, one()
        if self._token.kind != SIGN or self._token.text not in signs:
            return first
        parts = [(signs[0], self._number(first))]
        while sign := self._take(*signs):
            parts.append((sign.text, self._number(one())))
        return join(parts, self._written(start))

    def _signed(self) -> Part:
        start, sign = self.at, ""
        while taken := self._take("+", "-"):
            sign = {"": "-", "-": "+"}.get(sign, "-") if taken.text == "-" else sign or "+"
        found = self._atom()
        if not sign:
            return found
        return added([(sign, self._number(found))], self._written(start))

    def _atom(self) -> Part:
        token = self._token
        if self._take("("):
            return self._bracketed(self.at - 1)
        if token.kind == lexing.NUMBER:
            self.at += 1
            return number(token.value, token.unit, token.text)
        if token.kind == lexing.TEXT:
            self.at += 1
            return Part(TEXT, Constant(token.text), self._written(self.at - 1))
        if token.kind == lexing.WORD and token.text not in KEYWORDS:
            self.at += 1
            return self._word(token)
        why = f"a name or a number belongs where {shown(token.text)} stands"
        raise refused(self.condition, why)

    def _bracketed(self, start: int) -> Part:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise refused(self.condition, f"its brackets are more than {MAX_DEPTH} deep")
        found = self._either()
        if not self._take(")"):
            raise refused(self.condition, "a bracket is not closed")
        self.depth -= 1
        return found._replace(written=self._written(start))

    def _word(self, token: Token) -> Part:
        name = token.text if token.text in self.units else token.text.replace("-", "_")
        if name not in self.units:
            name = ALIASES.get(name, name)
        if name not in self.units:
            return Part(WORD, Constant(token.text), token.text)
        if name not in self.names:
            self.names.append(name)
        unit = self.units[name]
        if unit is None:
            return Part(TEXT, TextColumn(name), token.text)
        return Part(NUMBER, Column(name), token.text, unit_named(unit))


def grammar_of(condition: str, units: Mapping[str, str | None]) -> Grammar:
    """Return a condition ready to be read; raises InputError and UnitError for its tokens."""
    if not isinstance(condition, str):
        raise InputError(f"Got {shown(condition)}; needs a condition such as {lexing.EXAMPLE}.")
    return Grammar(condition, units, lexing.tokens_of(condition, units))
