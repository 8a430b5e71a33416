"""The equations of a run as a spreadsheet says them: those of the engine, in terms of its inputs.

An equation stands for every name that it can be worked out for; of several for one name the first
that has all it refers to counts, as a column that is given counts before one that is modelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmcost.catalog.price_quotes import RENTAL_TERMS, price_name, rental_name
from llmcost.formulas.flops import FORWARD_SHARE
from llmcost.formulas.money import HOURS_PER_YEAR


@dataclass(frozen=True, slots=True)
class Equation:
    """A formula for `name`; `title` and `unit` where results have none of that name.

    `explained` is what `llmcost explain` calls it, if not by its name. `needs` are names that must
    be known beside those in the formula.
    """

    name: str
    formula: str
    title: str = ""
    unit: str = ""
    explained: str = ""
    needs: tuple[str, ...] = ()


PASSES = round(1 / FORWARD_SHARE)
HOURS_A_YEAR = f"{HOURS_PER_YEAR:g}"
# Below this, x / (e^x - 1) is summed as its series: a sheet has no e^x - 1 that keeps its digits.
SERIES = "1-segment/2+segment^2/12-segment^4/720+segment^6/30240-segment^8/1209600"
# The annuity as a series in small interest, for the same reason.
ANNUITY = (
    "cost_of_capital*(server_lifetime+1)/(2*server_lifetime)"
    "+cost_of_capital^2*(server_lifetime^2-1)/(12*server_lifetime)"
    "-cost_of_capital^3*(server_lifetime^2-1)/(24*server_lifetime)"
)

COMPUTE = (
    Equation("model_flop_6nd", "6*active_parameters*tokens"),
    Equation("model_flop", "model_flop_6nd*flop_over_6nd"),
    Equation("hardware_flop", f"model_flop*(1+recompute_forward_share/{PASSES})"),
    Equation("hfu", "mfu*hardware_flop/model_flop"),
    Equation("tokens_per_parameter", "tokens/parameters"),
    Equation(
        "law_row",
        "MIN(MATCH(MAX(parameters,INDEX(law_parameters,1)),law_parameters,1),ROWS(law_parameters)-1)",
        "Row of the scaling law's table",
        explained="compute_optimal_tokens",
    ),
    Equation(
        "law_slope",
        "LN(INDEX(law_tokens,law_row+1)/INDEX(law_tokens,law_row))"
        "/LN(INDEX(law_parameters,law_row+1)/INDEX(law_parameters,law_row))",
        "Slope of the scaling law there",
        explained="compute_optimal_tokens",
    ),
    Equation(
        "compute_optimal_tokens",
        "INDEX(law_tokens,law_row)*(parameters/INDEX(law_parameters,law_row))^law_slope",
    ),
    Equation(
        "compute_optimal_tokens",
        "(law_beta*law_b/(law_alpha*law_a)*parameters^law_alpha)^(1/law_beta)",
        explained="compute_optimal_tokens_besiroglu_2024",
    ),
    Equation("compute_optimal_ratio", "tokens/compute_optimal_tokens"),
)
GOODPUT = (
    Equation("mtbf", "1/MAX(num_gpus*failure_rate,10^(-30))"),
    Equation(
        "checkpoint_time",
        "parameters*checkpoint_bytes_per_parameter/(checkpoint_bandwidth*num_gpus)",
        "Time of a checkpoint",
        "s",
    ),
    Equation(
        "checkpoint_over_mtbf",
        "checkpoint_time/(2*mtbf*3600)",
        "Checkpoint over twice the time between failures",
        explained="checkpoint_interval",
    ),
    Equation(
        "checkpoint_interval",
        "IF(checkpoint_over_mtbf<1,SQRT(2*checkpoint_time*mtbf*3600)"
        "*(1+SQRT(checkpoint_over_mtbf)/3+checkpoint_over_mtbf/9)-checkpoint_time,mtbf*3600)",
    ),
    Equation(
        "share_not_restarting", "EXP(-restart_time/(mtbf*3600))", "Share of time not restarting"
    ),
    Equation(
        "segment",
        "(checkpoint_interval+checkpoint_time)/(mtbf*3600)",
        "Work and checkpoint over the time between failures",
        explained="share_kept",
    ),
    Equation(
        "share_kept",
        f"IF(segment<0.1,{SERIES},segment*EXP(-segment)/(1-EXP(-segment)))",
        "Share of work that no failure undoes",
    ),
    Equation(
        "checkpoint_share",
        "checkpoint_time/MAX(checkpoint_interval+checkpoint_time,10^(-300))",
        "Share of a segment that its checkpoint takes",
    ),
    Equation(
        "goodput", "(1-maintenance_share)*share_not_restarting*share_kept*(1-checkpoint_share)"
    ),
    Equation(
        "checkpoint_loss",
        "(1-maintenance_share)*share_not_restarting*share_kept*checkpoint_share",
    ),
    Equation("rework_loss", "(1-maintenance_share)*share_not_restarting*(1-share_kept)"),
    Equation("restart_loss", "(1-maintenance_share)*(1-share_not_restarting)"),
    Equation("maintenance_loss", "maintenance_share"),
)
TIME = (
    Equation("tokens_per_gpu_second", "peak_flop_rate*mfu/(model_flop/tokens)"),
    Equation("tokens_per_second", "tokens_per_gpu_second*num_gpus"),
    Equation("step_time", "tokens_a_step/tokens_per_second"),
    Equation("gpu_hours", "model_flop/(peak_flop_rate*mfu*goodput*steady_share)/3600"),
    Equation("wall_clock", "gpu_hours/num_gpus/24"),
)
RENTED = (
    Equation("cost", "gpu_hours*price"),
    Equation("cost_per_million_tokens", "cost/(tokens/1000000)"),
    *(Equation(rental_name(terms), f"gpu_hours*{price_name(terms)}") for terms in RENTAL_TERMS),
)
ENERGY = (
    Equation(
        "mean_power_per_gpu",
        "rated_power*server_power_ratio*power_draw_fraction*pue",
        "Mean power per GPU, site included",
        "W/GPU",
        "mean_power",
    ),
    Equation("mean_power", "num_gpus*mean_power_per_gpu/1000000"),
    Equation("energy", "gpu_hours*mean_power_per_gpu/1000000"),
    Equation("carbon", "energy*1000*carbon_intensity/1000"),
    Equation(
        "embodied_carbon",
        "gpu_hours*embodied_carbon_per_gpu"
        f"/(server_lifetime*{HOURS_A_YEAR}*cluster_utilization)/1000",
    ),
    Equation("water", "energy*1000*water_intensity"),
)
OWNED = (
    Equation("acquisition_cost", "num_gpus*server_price/(1-network_share)"),
    Equation(
        "server_value",
        "server_price*10^(-hardware_price_decline*server_age)",
        "Server, when training starts",
        "USD/GPU",
        "owned_servers_cost",
    ),
    Equation("server_value", "server_price", "Server, as bought", "USD/GPU", "owned_servers_cost"),
    Equation(
        "network_value",
        "server_value*network_share/(1-network_share)",
        "Network for each GPU",
        "USD/GPU",
        "owned_network_cost",
    ),
    Equation(
        "wear_charge",
        "hardware_price_decline*LN(10)",
        "Loss of value a year",
        "1/year",
        "owned_servers_cost",
    ),
    Equation(
        "wear_charge", "1/server_lifetime", "Written off a year", "1/year", "owned_servers_cost"
    ),
    Equation(
        "interest_charge",
        "cost_of_capital",
        "Cost of capital a year, of the value",
        "1/year",
        "owned_capital_cost",
        needs=("hardware_price_decline",),
    ),
    Equation(
        "interest_charge",
        f"IF(cost_of_capital<0.0005,{ANNUITY},"
        "cost_of_capital/(1-(1+cost_of_capital)^(-server_lifetime))-1/server_lifetime)",
        "Cost of capital a year, of the price",
        "1/year",
        "capital_charge",
    ),
    Equation(
        "hours_in_use",
        f"{HOURS_A_YEAR}*cluster_utilization",
        "Hours a year in use",
        "hour",
        "owned_servers_cost",
    ),
    Equation("owned_servers_cost", "gpu_hours*server_value*wear_charge/hours_in_use"),
    Equation("owned_network_cost", "gpu_hours*network_value*wear_charge/hours_in_use"),
    Equation(
        "owned_capital_cost",
        "gpu_hours*(server_value+network_value)*interest_charge/hours_in_use",
    ),
    Equation("energy_cost", "energy*1000*electricity_price"),
    Equation("owned_cost", "owned_servers_cost+owned_network_cost+owned_capital_cost+energy_cost"),
    Equation("owned_price", "owned_cost/gpu_hours"),
)
DEVELOPMENT = (
    Equation("experiments_cost", "cost*(MAX(experiments_ratio,1)-1)"),
    Equation("post_training_cost", "cost*post_training_share"),
    Equation(
        "owned_experiments_cost",
        "owned_cost*(MAX(experiments_ratio,1)-1)",
        explained="experiments_cost",
    ),
    Equation(
        "owned_post_training_cost",
        "owned_cost*post_training_share",
        explained="post_training_cost",
    ),
    Equation("staff_cost", "staff*staff_time*(salary*staff_overhead+equity_pay)"),
    Equation("staff_cost", "staff*staff_time*salary*staff_overhead"),
    Equation(
        "staff_cost",
        "(owned_cost+owned_experiments_cost+owned_post_training_cost)*staff_share/(1-staff_share)",
        explained="staff_cost",
    ),
    Equation("rental_add_ons_cost", "(cost+experiments_cost+post_training_cost)*rental_add_ons"),
)
GROUPS: dict[str, tuple[Equation, ...]] = {
    "Compute": COMPUTE,
    "Failures and goodput": GOODPUT,
    "Time": TIME,
    "Rented": RENTED,
    "Energy and carbon": ENERGY,
    "Owned": OWNED,
    "Beyond the final run": DEVELOPMENT,
}


def equations() -> Iterator[tuple[str, Equation]]:
    """Yield every equation with the heading of its group, in an order that can be worked out."""
    for group, members in GROUPS.items():
        yield from ((group, member) for member in members)
