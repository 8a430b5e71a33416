"""Numbers and units as people write them: ``405B``, ``15 trillion``, ``$2.50/GPU-h``.

Pure text to numbers and canonical unit names: nothing here needs a units library. The grammar is
deliberately small; what it does not know is an error with a hint, never a guess.

::

    quantity  = ["$"] number [magnitude] [unit]
    number    = digits, with "," or "_" between groups of three, a decimal point, an exponent
    magnitude = K M B T, attached (15T), or a word (15 trillion)
    unit      = names joined by * / and "per"; "-" or a space binds tighter (USD/GPU-hour)
"""

from __future__ import annotations

import re
from math import isfinite
from typing import NamedTuple

from llmcost.errors import InputError, UnitError, nearest, one_of, shown

MAX_TEXT = 200
Powers = list[tuple[str, int]]

NUMBER = re.compile(
    r"(?P<sign>[+-]?)"
    r"(?P<whole>\d{1,3}(?:[,_\u00a0\u202f]\d{3})+|\d+(?!\d*[,_]\d)|(?=\.\d))"
    r"(?P<fraction>\.\d*)?"
    r"(?P<exponent>[eE][+-]?\d{1,3})?",
    re.ASCII,
)
_UNIT_TOKEN = re.compile(r"\s*[*/()^-]\s*|\s+|[^\s*/()^-]+")
MAGNITUDES = {"k": 1e3, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
MAGNITUDE_WORDS = {
    "thousand": 1e3,
    "million": 1e6,
    "mn": 1e6,
    "billion": 1e9,
    "bn": 1e9,
    "trillion": 1e12,
    "tn": 1e12,
    "quadrillion": 1e15,
}
POWERS = {1e3: 3, 1e6: 6, 1e9: 9, 1e12: 12, 1e15: 15}

_ALIASES = {
    "second": "s sec secs second seconds",
    "minute": "min mins minute minutes",
    "hour": "h hr hrs hour hours",
    "day": "d day days",
    "week": "week weeks wk",
    "month": "month months",
    "year": "y yr yrs year years",
    "joule": "J joule joules",
    "watt": "W watt watts",
    "watt_hour": "Wh watt_hour",
    "byte": "byte bytes",
    "bit": "bit bits",
    "gram": "g gram grams",
    "tonne": "t tonne tonnes",
    "gCO2e": "gCO2e gCO2eq",
    "tCO2e": "tCO2e tCO2eq",
    "litre": "L litre litres liter liters",
    "FLOP": "FLOP flop",
    "token": "token tokens tok toks",
    "GPU": "GPU GPUs gpu gpus TPU TPUs tpu tpus accelerator accelerators device devices chip chips",
    "person": "person persons people",
    "USD": "USD usd $ dollar dollars",
    "EUR": "EUR eur",
    "percent": "% percent pct",
}
_PREFIXES = {
    "n": "nano",
    "u": "micro",
    "m": "milli",
    "k": "kilo",
    "K": "kilo",
    "M": "mega",
    "G": "giga",
    "T": "tera",
    "P": "peta",
    "E": "exa",
    "Z": "zetta",
    "Y": "yotta",
    "Ki": "kibi",
    "Mi": "mebi",
    "Gi": "gibi",
    "Ti": "tebi",
    "Pi": "pebi",
}
_PREFIXED = {
    "second": ("s", "n u m"),
    "joule": ("J", "k M G T P"),
    "watt": ("W", "k M G T"),
    "watt_hour": ("Wh", "k M G T"),
    "byte": ("B byte bytes", "k K M G T P E Ki Mi Gi Ti Pi"),
    "bit": ("bit bits b", "k K M G T P"),
    "gram": ("g", "m k"),
    "tonne": ("t", "k M"),
    "gCO2e": ("gCO2e gCO2eq", "k"),
    "tCO2e": ("tCO2e tCO2eq", "k M"),
    "litre": ("L", "k M G"),
    "FLOP": ("FLOP flop", "k K M G T P E Z Y"),
    "token": ("token tokens tok", "k K M G T"),
}
_FOREIGN = re.compile(
    r"[€£¥₹₩₽]|(?i:^\s*EUR\b|\b(?:GBP|CNY|RMB|JPY|CHF|CAD|AUD|INR|KRW|euros?|pounds?|yuan|yen|cents?)\b)"
)
_ARITHMETIC = re.compile(r"(?:\^|\*\*?|/)\s*[\d.]", re.ASCII)
_DASHED = re.compile(r"[^\d^]*?(?P<dash>\s*[-\u2013\u2014]\s*|\s*\bto\s+)(?=\$?[\d.])", re.ASCII)
_RATE_HINT = "FLOPS may mean operations or operations per second: write FLOP or FLOP/s"


class Wanted(NamedTuple):
    """What a text is read for, in the words of a message; `money` when it may hold a currency.

    `inverse` says that the unit is one over others, so that ``2e-5 /GPU/hour`` is a whole quantity.
    """

    what: str
    example: str
    money: bool = False
    inverse: bool = False

    def __str__(self) -> str:
        return f"{self.what}, such as {self.example}"


NUMBER_WANTED = Wanted("a number", "15T, 1.5e13 or 16,000", money=True)
COUNT_WANTED = Wanted("a count of 0 or more", "405B, 15T, 16k or 16,000")


class Magnitude(NamedTuple):
    """A number as read, the text that followed it, and the magnitude it was multiplied by."""

    value: float
    rest: str
    attached: str
    scale: float


def read_count(text: str, nouns: tuple[str, ...] = (), wanted: Wanted = COUNT_WANTED) -> float:
    """Return a plain count from text such as ``405B``, ``15 trillion``, ``16k`` or ``16,000``.

    A word from `nouns` may follow the number (``15T tokens``). Raises InputError for anything
    else, such as a unit, a sign or a number that is not finite, and says what is `wanted`.

    >>> read_count("15T"), read_count("16,000"), read_count("1.5e13")
    (15000000000000.0, 16000.0, 15000000000000.0)
    """
    number = read_number(text, text, wanted, any_case=True)
    _refuse_arithmetic(number.rest, text, wanted)
    if number.value < 0 or (number.rest and number.rest.lower() not in nouns):
        one = " No range is read here." if ".." in text else ""
        raise InputError(f"Got {shown(text)}; needs {wanted}.{one}")
    return number.value


def read_quantity(text: str, wanted: Wanted = NUMBER_WANTED) -> tuple[float, str]:
    """Return the number and the canonical unit (``""`` for none) of a quantity in text.

    Raises InputError when there is no number, UnitError when the unit is unknown; both say what
    is `wanted`.

    >>> read_quantity("$2.50/GPU-h")
    (2.5, 'USD/GPU/hour')
    >>> read_quantity("30.84M GPU-hours")
    (30840000.0, 'GPU*hour')
    """
    return quantity_in(text, text, wanted)


def canonical_unit(text: str, whole: str = "") -> str:
    """Return a unit expression in names that our registry knows.

    Raises UnitError that names the part it does not know, of the `whole` text that was given.

    >>> canonical_unit("USD/GPU-hour"), canonical_unit("tokens per second per GPU")
    ('USD/GPU/hour', 'token/second/GPU')
    """
    text, whole = text.strip(), whole or text.strip()
    if text in ("", "1", "dimensionless"):
        return ""
    if len(text) > MAX_TEXT or not text.isascii():
        raise UnitError(f"Got {shown(whole)}; needs a unit such as USD/GPU/hour or GPU-hours.")
    tokens = _UNIT_TOKEN.findall(re.sub(r"\bper\b", "/", text).replace("**", "^"))
    powers, rest = _expression([token.strip() or " " for token in tokens], whole)
    if rest:
        raise UnitError(f"Got {shown(whole)}; {rest[0]!r} does not belong there.")
    return _written(powers)


def _expression(tokens: list[str], whole: str) -> tuple[Powers, list[str]]:
    """Read terms joined by * and /, from left to right."""
    powers, tokens = _term(tokens, whole)
    while tokens and tokens[0] in "*/":
        sign = -1 if tokens[0] == "/" else 1
        more, tokens = _term(tokens[1:], whole)
        powers = powers + [(name, sign * power) for name, power in more]
    return powers, tokens


def _term(tokens: list[str], whole: str) -> tuple[Powers, list[str]]:
    """Read factors joined by a hyphen or a space, which bind tighter than * and /."""
    powers, tokens = _factor(tokens, whole)
    while tokens and tokens[0] in "- ":
        more, tokens = _factor(tokens[1:], whole)
        powers = powers + more
    return powers, tokens


def _factor(tokens: list[str], whole: str) -> tuple[Powers, list[str]]:
    if not tokens or tokens[0] in "*/-^) ":
        raise UnitError(f"Got {shown(whole)}; needs a unit on both sides of '*' and '/'.")
    first, tokens = tokens[0], tokens[1:]
    if first == "(":
        powers, tokens = _expression(tokens, whole)
        if not tokens or tokens[0] != ")":
            raise UnitError(f"Got {shown(whole)}; a bracket is not closed.")
        return powers, tokens[1:]
    power, tokens = _power(tokens, whole)
    return ([] if first == "1" else [(_name(first, whole), power)]), tokens


def _power(tokens: list[str], whole: str) -> tuple[int, list[str]]:
    if not tokens or tokens[0] != "^":
        return 1, tokens
    if len(tokens) < 2 or not tokens[1].isdigit() or len(tokens[1]) > 2:
        raise UnitError(f"Got {shown(whole)}; needs a whole power after '^'.")
    return int(tokens[1]), tokens[2:]


def _name(text: str, whole: str) -> str:
    known = _NAMES.get(text)
    if known is None:
        raise UnitError(f"Unknown unit {shown(text)} in {shown(whole)}.{_unit_hint(text)}")
    return known


def _written(powers: Powers) -> str:
    over = [_raised(name, power) for name, power in powers if power > 0]
    under = [_raised(name, -power) for name, power in powers if power < 0]
    return "/".join(["*".join(over) or "1", *under]) if over or under else ""


def _raised(name: str, power: int) -> str:
    return name if power == 1 else f"{name}**{power}"


def _unit_hint(name: str) -> str:
    if name.upper().endswith("FLOPS"):
        return f" {_RATE_HINT}."
    close = nearest(name, _NAMES)
    return f" Did you mean {one_of(close)}?" if close else " See: llmcost show units."


def _names() -> dict[str, str]:
    names = {alias: unit for unit, aliases in _ALIASES.items() for alias in aliases.split()}
    for unit, (symbols, prefixes) in _PREFIXED.items():
        for prefix in prefixes.split():
            for symbol in symbols.split():
                names.setdefault(prefix + symbol, f"{_PREFIXES[prefix]}{unit}")
    for unit in _PREFIXED:
        for prefix in _PREFIXED[unit][1].split():
            names[f"{_PREFIXES[prefix]}{unit}"] = f"{_PREFIXES[prefix]}{unit}"
    return names


_NAMES = _names()


def known_units() -> dict[str, tuple[str, ...]]:
    """Return every spelling of every unit, by canonical name."""
    spellings: dict[str, list[str]] = {}
    for spelling, unit in _NAMES.items():
        spellings.setdefault(unit, []).append(spelling)
    return {unit: tuple(words) for unit, words in spellings.items()}


def quantity_in(text: str, whole: str, wanted: Wanted) -> tuple[float, str]:
    """Return one quantity of a longer text; messages show the `whole` text that was given."""
    _refuse_foreign_money(whole, wanted)
    bare, currency = without_currency(text)
    number = read_number(bare, whole, wanted)
    _refuse_lone_letter(whole, number)
    _refuse_arithmetic(number.rest, whole, wanted)
    _refuse_dash(number.rest, whole)
    rest = number.rest
    if wanted.inverse and rest.startswith(("/", "per ")):
        rest = "1/" + rest.removeprefix("/").removeprefix("per ")
    elif rest.startswith("/") and not currency:
        missing = "currency" if "USD" in wanted.what else "unit"
        raise UnitError(f"Got {shown(whole)}; the {missing} before '/' is missing: needs {wanted}.")
    return number.value, canonical_unit(currency + _joined(currency, rest, whole), whole)


def _refuse_foreign_money(whole: str, wanted: Wanted) -> None:
    found = _FOREIGN.search(whole) if wanted.money and len(whole) <= MAX_TEXT else None
    if found:
        raise UnitError(
            f"Got {shown(whole)}; needs USD, and {found[0].strip()} is not converted. "
            f"Convert it first, and write it as in {wanted.example}."
        )


def _refuse_arithmetic(rest: str, whole: str, wanted: Wanted) -> None:
    if _ARITHMETIC.match(rest):
        raise InputError(f"Got {shown(whole)}; arithmetic is not read: needs {wanted}.")


def _refuse_dash(rest: str, whole: str) -> None:
    if "±" in rest or "+-" in rest or "+/-" in rest:
        raise InputError(f"Got {shown(whole)}; needs a range as its two ends, such as 35..45%.")
    dashed = _DASHED.match(rest)
    if dashed and ".." not in whole:
        head = whole.strip().removesuffix(rest).rstrip()
        meant = f"{head}{rest[: dashed.start('dash')]}..{rest[dashed.end('dash') :]}"
        raise InputError(f"Got {shown(whole)}; a range needs two dots: {meant}.")


def read_number(text: str, whole: str, wanted: Wanted, *, any_case: bool = False) -> Magnitude:
    """Return the number that a text begins with; raises InputError when there is none."""
    stripped = text.strip()
    match = NUMBER.match(stripped) if len(stripped) <= MAX_TEXT else None
    if match is None or not match[0].strip("+-"):
        foreign = any(char.isdigit() and not char.isascii() for char in stripped[:MAX_TEXT])
        digits = " Write its digits as 0 to 9." if foreign else ""
        raise InputError(f"Got {shown(whole)}; needs {wanted}.{digits}")
    rest = stripped[match.end() :]
    scale, attached, rest = _magnitude(rest, any_case=any_case)
    digits = re.sub(r"[,_\u00a0\u202f]", "", match["sign"] + (match["whole"] or "0"))
    value = _scaled(digits + (match["fraction"] or ""), match["exponent"], scale)
    if not isfinite(value):
        raise InputError(f"Got {shown(whole)}; needs a finite number.")
    return Magnitude(value, rest, attached, scale)


def _scaled(digits: str, exponent: str | None, scale: float) -> float:
    power = int(exponent[1:]) if exponent else 0
    return float(f"{digits.rstrip('.')}e{power + POWERS.get(scale, 0)}")


def _magnitude(rest: str, *, any_case: bool) -> tuple[float, str, str]:
    word = re.match(r"\s*([A-Za-z]+)", rest)
    if word is None:
        return 1.0, "", rest.strip()
    name, after = word[1], rest[word.end() :]
    if name.lower() in MAGNITUDE_WORDS:
        return MAGNITUDE_WORDS[name.lower()], name, after.strip()
    letter = name.upper() if any_case else name
    is_letter = letter in MAGNITUDES and (any_case or not rest[:1].isspace())
    if is_letter and not after.startswith("/s"):
        return MAGNITUDES[letter], name, after.strip()
    return 1.0, "", rest.strip()


def _refuse_lone_letter(whole: str, number: Magnitude) -> None:
    if not number.attached and number.rest in MAGNITUDES:
        raise InputError(
            f"Got {shown(whole)}; {number.rest!r} alone is not a unit. "
            f"Write the letter next to the number for a count, or a whole unit."
        )


def without_currency(text: str) -> tuple[str, str]:
    """Return a text without the dollars that it begins with, and their unit."""
    stripped = text.strip()
    for sign in ("US$", "USD", "$"):
        if stripped.startswith(sign):
            return stripped[len(sign) :].strip(), "USD"
    return stripped, ""


def _joined(currency: str, rest: str, whole: str) -> str:
    if not currency or not rest or rest.startswith(("/", "per ")):
        return rest if not rest.startswith("per ") else f" {rest}"
    raise UnitError(
        f"Got {shown(whole)}; needs '/' after the amount of money, as in $2.50/GPU-hour."
    )
