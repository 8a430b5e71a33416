"""What an owner pays for servers, an accelerator's share: one price chosen from dated quotes.

The rule of choice: of all purchase quotes for exactly this accelerator, dated within the three
years up to a day, each seller's latest is taken, and the price is the median over the sellers. A
quote for a whole server counts as it is and a quote for a board of several times the ratio of
servers to boards; a quote for a chip (a module or card) counts only where there is neither, times
the ratio of servers to chips. Clusters have their network and building in the price, so they are
kept apart, as are quotes that do not say what they hold. The range is the 10th to 90th percentile
over the sellers; fewer than three of them take the interval that the published method gives to one
known price. The spread of the ratio is added where every quote was multiplied by it. A date that
names only a month or a year counts as its last day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import exp, hypot, log
from statistics import median

from llmcost.catalog.columns import day_from
from llmcost.catalog.files import cached_by_folder
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.overheads import Default, default
from llmcost.catalog.price_quotes import Counted, PriceQuote, newest_price_day, purchases
from llmcost.catalog.prices import a_year_before, latest_by_provider, percentile
from llmcost.errors import InputError

YEARS = 3
LOW, HIGH = 0.10, 0.90
FEWEST_SELLERS = 3
RATIOS = {"board": "board_price_ratio", "chip": "server_price_ratio"}


@dataclass(frozen=True, slots=True)
class PurchaseSelection(Counted):
    """The price of a server for each of its accelerators, with the quotes behind it.

    `value`, `low` and `high` [USD/GPU] are `None` where no quote fits; `reason` then says what
    there is instead. `ratios` are the defaults that boards or chips were multiplied by;
    `not_counted` are the other quotes of the window, clusters among them.
    """

    gpu: str
    as_of: date
    value: float | None
    low: float | None
    high: float | None
    sellers: int
    quotes: tuple[PriceQuote, ...]
    not_counted: tuple[PriceQuote, ...]
    ratios: tuple[Default, ...]
    warnings: tuple[str, ...]
    reason: str

    @property
    def clusters(self) -> tuple[PriceQuote, ...]:
        """The quotes of the window for clusters: servers with their network."""
        return tuple(quote for quote in self.not_counted if quote.unit_kind == "cluster")

    @property
    def sources(self) -> tuple[str, ...]:
        """The bibliography keys behind the price and its ratios, each once."""
        keys = [quote.source for quote in self.quotes]
        keys += [key for ratio in self.ratios for key in ratio.sources]
        return tuple(dict.fromkeys(keys))


@cached_by_folder
def select_server_price(gpu_name: str, *, as_of: date | str | None = None) -> PurchaseSelection:
    """Return the price of a server per accelerator [USD/GPU], chosen by the rule above.

    `as_of` defaults to `newest_price_day`. Raises UnknownNameError for an unknown accelerator and
    InputError for a date that cannot be read.
    """
    gpu = accelerator(gpu_name).name
    day = newest_price_day() if as_of is None else day_from(as_of, "as_of")
    known = [quote for quote in purchases() if quote.gpu == gpu]
    window = [quote for quote in known if _start(day) < quote.day <= day]
    counted = latest_by_provider(_comparable(window))
    if not counted:
        return _nothing(gpu, day, window, known)
    return _selection(gpu, day, window, counted)


def _start(day: date) -> date:
    for _ in range(YEARS):
        day = a_year_before(day)
    return day


def _comparable(window: Iterable[PriceQuote]) -> list[PriceQuote]:
    """Return the servers and boards, or the chips where there is neither."""
    of_kind: defaultdict[str | None, list[PriceQuote]] = defaultdict(list)
    for quote in window:
        of_kind[quote.unit_kind].append(quote)
    return of_kind["server"] + of_kind["board"] or of_kind["chip"]


def _selection(
    gpu: str, day: date, window: Sequence[PriceQuote], counted: dict[str, list[PriceQuote]]
) -> PurchaseSelection:
    quotes = tuple(quote for rows in counted.values() for quote in rows)
    kinds = {str(quote.unit_kind) for quote in quotes}
    ratios = {kind: default(name) for kind, name in RATIOS.items() if kind in kinds}
    prices = [median(_of_server(quote, ratios) for quote in rows) for rows in counted.values()]
    middle = median(prices)
    low, high = _range(gpu, prices, list(ratios.values()) if "server" not in kinds else [])
    return PurchaseSelection(
        gpu=gpu,
        as_of=day,
        value=middle,
        low=middle * low,
        high=middle * high,
        sellers=len(counted),
        quotes=quotes,
        not_counted=tuple(quote for quote in window if quote not in quotes),
        ratios=tuple(ratios.values()),
        warnings=tuple(_warnings(gpu, day, quotes, len(counted), ratios)),
        reason=_why(day, len(counted), quotes, ratios),
    )


def _of_server(quote: PriceQuote, ratios: dict[str, Default]) -> float:
    """Return what the server costs for each device [USD/GPU]; raises InputError for a rental."""
    if quote.purchase_price is None:
        raise InputError(f"{quote.price_id} is a rental: it has no purchase price")
    ratio = ratios.get(str(quote.unit_kind))
    return quote.purchase_price * (ratio.value if ratio else 1.0)


def _range(gpu: str, prices: Sequence[float], ratios: Sequence[Default]) -> tuple[float, float]:
    """Return the 10th and 90th percentile over the middle: sellers and ratios, independent."""
    middle = median(prices)
    of_sellers = (percentile(prices, LOW) / middle, percentile(prices, HIGH) / middle)
    if len(prices) < FEWEST_SELLERS:
        of_sellers = _ends(_one_price(gpu))
    both = [of_sellers, *map(_ends, ratios)]
    return (
        exp(-hypot(*(log(low) for low, _ in both))),
        exp(hypot(*(log(high) for _, high in both))),
    )


def _ends(factor: Default) -> tuple[float, float]:
    low, high = factor.ends
    return low / factor.value, high / factor.value


def _one_price(gpu: str) -> Default:
    return default("tpu_price_factor" if _is_tpu(gpu) else "purchase_price_factor")


def _is_tpu(gpu: str) -> bool:
    return accelerator(gpu).generation.startswith("tpu")


def _warnings(
    gpu: str, day: date, quotes: Sequence[PriceQuote], sellers: int, ratios: dict[str, Default]
) -> Iterable[str]:
    newest = max(quote.day for quote in quotes)
    if newest <= a_year_before(day):
        yield f"the newest purchase price counted is of {newest}: more than a year before {day}"
    if "chip" in ratios:
        yield (
            f"only prices of chips are known: times {ratios['chip'].value:g} for the server around"
            " them"
        )
    if sellers < FEWEST_SELLERS:
        low, high = _ends(_one_price(gpu))
        yield (
            f"{'one seller has' if sellers == 1 else f'{sellers} sellers have'} such a price, so "
            f"its range is that of the published method for a price known once: {low:.2f} to "
            f"{high:.2f} of it"
        )
    if all(quote.grade == "C" for quote in quotes):
        ids = ", ".join(quote.price_id for quote in quotes)
        yield f"only prices of grade C (estimates, lost sources) were found: {ids}"


def _why(day: date, sellers: int, quotes: Sequence[PriceQuote], ratios: dict[str, Default]) -> str:
    text = (
        f"median over {sellers} seller{'s' if sellers > 1 else ''}, each one's latest server price"
        f" in the three years to {day}"
    )
    for kind, ratio in ratios.items():
        found = sum(quote.unit_kind == kind for quote in quotes)
        text += f"; {found} of {len(quotes)} a {kind}, times {ratio.value:g}"
    poor = sum(quote.grade == "C" for quote in quotes)
    return text + f"; {poor} of grade C" * bool(poor)


def _nothing(
    gpu: str, day: date, window: Sequence[PriceQuote], known: Sequence[PriceQuote]
) -> PurchaseSelection:
    return PurchaseSelection(
        gpu=gpu,
        as_of=day,
        value=None,
        low=None,
        high=None,
        sellers=0,
        quotes=(),
        not_counted=tuple(window),
        ratios=(),
        warnings=(),
        reason=_why_none(gpu, day, window, known),
    )


def _why_none(
    gpu: str, day: date, window: Sequence[PriceQuote], known: Sequence[PriceQuote]
) -> str:
    text = f"no purchase price for {gpu} in the three years to {day}"
    if window:
        return f"{text} that is of a server, board or chip; {len(window)} of another kind"
    earlier = [quote for quote in known if quote.day <= day]
    if earlier:
        newest = max(earlier, key=lambda quote: quote.day)
        return f"{text}; the newest before is of {newest.as_of}"
    if known:
        first = min(known, key=lambda quote: quote.day)
        return f"{text}; the first is of {first.as_of}"
    return f"{text}, and none at all: give a server price yourself"
