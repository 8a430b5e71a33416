"""What "cost" includes beyond the final run: experiments, post-training, people, storage, data."""

from __future__ import annotations

import re

from llmcost.amounts import count_from
from llmcost.catalog.overheads import default
from llmcost.errors import InputError, one_of, shown
from llmcost.formulas.development import post_training_share
from llmcost.inputs import InputValue, Origin, Workload
from llmcost.sampling import Spread
from llmcost.studies.choices.choosing import Chosen, choose, from_default, from_user
from llmcost.studies.choices.given import Given, Note

FINAL_RUN, DEVELOPMENT = "final-run", "development"
SCOPES = (FINAL_RUN, DEVELOPMENT)
PAY = ("salary", "staff_overhead")
BY_PEOPLE = ("staff_time", *PAY, "equity_pay")
ADD_ONS = ("storage_cost", "network_cost")
ONLY_DEVELOPMENT = (
    *("experiments_ratio", "post_training_share", "post_training_multiplier", "post_training"),
    *("staff", "staff_share", "equity", "rental_add_ons", "data_cost"),
    *(*BY_PEOPLE, *ADD_ONS),
)
TOKENS = ("token", "tokens")
HOURLY = re.compile(r"(/|\bper\b)\s*(h|hr|hour|minute|min|s|second)s?\b")


def choose_scope(given: Given) -> InputValue:
    """Return the scope; raises InputError for an unknown one, or for lines outside of it."""
    word = given["scope"]
    if word is not None and word not in SCOPES:
        raise InputError(f"scope: got {shown(word)}; needs {one_of(SCOPES)}.")
    if word != DEVELOPMENT:
        for name in ONLY_DEVELOPMENT:
            if given.has(name):
                raise InputError(
                    f"{name}: got it for the final run alone; it belongs to the scope development: "
                    "--scope development."
                )
    return InputValue(
        str(word or FINAL_RUN), "", given.origin("scope") if word else Origin("default")
    )


def choose_equity(given: Given) -> InputValue:
    """Return whether equity counts as pay, as a word."""
    origin = given.origin("equity") if given.has("equity") else Origin("default")
    return InputValue("counted" if _with_equity(given) else "not counted", "", origin)


def choose_development(given: Given, workload: Workload) -> tuple[dict[str, Chosen], list[Note]]:
    """Return the assumptions of everything beyond the final run by name, and notes on gaps."""
    found = {"experiments_ratio": choose(given, "experiments_ratio")}
    found |= _post_training(given, workload)
    found |= _staff(given)
    notes: list[Note] = []
    stated = {name: own for name in ADD_ONS if (own := from_user(given, name))}
    if stated:
        given.refuse("storage_cost or network_cost", ("rental_add_ons",))
    else:
        stated = {"rental_add_ons": choose(given, "rental_add_ons")}
    found |= stated
    data = from_user(given, "data_cost")
    if data is None:
        text = "No cost of data: nobody publishes a usual one; give --data-cost for what was paid."
        notes.append(("no-data-cost", text))
    else:
        found["data_cost"] = data
    return found, notes


def _post_training(given: Given, workload: Workload) -> dict[str, Chosen]:
    """Return the share of the final run that post-training takes: given, of tokens, or typical."""
    share = from_user(given, "post_training_share")
    if share is not None:
        given.refuse("post_training_share", ("post_training", "post_training_multiplier"))
        return {"post_training_share": share}
    if not given.has("post_training"):
        given.refuse("no post_training tokens", ("post_training_multiplier",))
        return {"post_training_share": choose(given, "post_training_share")}
    tokens = count_from(given["post_training"], "post_training", TOKENS)
    times = from_user(given, "post_training_multiplier")
    spread = times.spread if times else Spread(1.0, 1.0, 1.0)
    per_compute = post_training_share.kernel(
        post_training_tokens=tokens, tokens=workload.tokens, compute_multiplier=1.0
    )
    scaled = spread.scaled(per_compute)
    where = given.origin("post_training").source
    told = f"{tokens:,.4g} tokens over {workload.tokens:,.4g}, x{spread.value:g} a token ({where})"
    return {"post_training_share": Chosen(scaled, InputValue.of(scaled, "", Origin("user", told)))}


def _staff(given: Given) -> dict[str, Chosen]:
    people = from_user(given, "staff")
    if people is None:
        given.refuse("no number of people, --staff", BY_PEOPLE)
        own = from_user(given, "staff_share")
        return {"staff_share": own or _typical_share(given)}
    given.refuse("staff", ("staff_share",))
    _refuse_hourly(given)
    if not given.has("staff_time"):
        raise InputError(
            "staff: got people without the time they worked; needs --staff-time, such as 6 months."
        )
    time = from_user(given, "staff_time")
    found = {"staff": people, **({"staff_time": time} if time else {})}
    found |= {name: choose(given, name) for name in PAY}
    if _with_equity(given):
        own = from_user(given, "equity_pay")
        found["equity_pay"] = own or from_default(default("equity"), "equity_pay")
    else:
        given.refuse("no equity", ("equity_pay",))
    return found


def _refuse_hourly(given: Given) -> None:
    """Raise InputError for pay by the hour: of a whole year's hours few are worked."""
    for name in ("salary", "equity_pay"):
        if HOURLY.search(str(given[name] or "")):
            raise InputError(
                f"{name}: got {shown(given[name])}; needs pay for a year, a month or a week, such "
                "as 200,000 USD/person/year: the hours that people work are not known."
            )


def _typical_share(given: Given) -> Chosen:
    name = "staff_share_of_development" if _with_equity(given) else "staff_share_without_equity"
    return from_default(default(name), "staff_share")


def _with_equity(given: Given) -> bool:
    return given["equity"] is not False
