"""What numbers are that no single formula gives: in words, with unit and source."""

from __future__ import annotations

_DEFAULT = "defaults.csv; see: llmcost show sources."

WORDS: dict[str, tuple[str, str, str]] = {
    "parameters": (
        "All weights, tied ones once, counted from the model's configuration.",
        "",
        "The reference implementation of each model type, transformers 5.23.0.",
    ),
    "active_parameters": (
        "Weights used per token: all but the routed experts a token does not visit.",
        "",
        "DeepSeek-V2 (arXiv 2405.04434), section 2.2, for routed and shared experts.",
    ),
    "tokens": ("Training tokens, all epochs.", "token", "Given, or published with the model."),
    "step_time": (
        "Time of one optimizer step, of the phase with the most tokens, where the MFU is modelled: "
        "the slowest stage of the pipeline times the micro-batches, then the bubble, transfers and "
        "exchanges that nothing hides, the optimizer and what stragglers add. Rates of kernels and "
        "links are measured on those alone; the other constants are fitted to measured steps, and "
        "low and high come from rows that took no part in the fit.",
        "s",
        "kernel_rates.csv and calibration.toml; each formula names its paper.",
    ),
    "layout": (
        "How a step is split over devices (--layout), whole or in part: tp tensor, pp pipeline, vp "
        "chunks of a stage, dp data, cp context, ep expert, etp expert-tensor parallel; mbs "
        "sequences of a micro-batch, gbs of a step; zero stage, shard group, sp sequence parallel, "
        "recompute, schedule. What is left out is searched: the fastest legal layout that fits.",
        "",
        "Given, or searched over all that is legal for the framework.",
    ),
    "memory": (
        "What the fullest device holds in a step: weights, gradients, optimizer state, activations "
        "of the micro-batches in flight, temporary buffers and a reserve, in 10^9 bytes. Headroom "
        "is what is left of the memory that programs can use.",
        "GB",
        "Rajbhandari et al. 2020 (arXiv 1910.02054); Korthikanti et al. 2022 (arXiv 2205.05198).",
    ),
    "global_batch_size": (
        "Sequences of one optimizer step (--global-batch-size, also in tokens). The default is the "
        "published batch of the model and phase, else the labelled rule of defaults.csv. Tokens "
        "are rounded to sequences that devices share evenly, within a tenth; the answer says so.",
        "",
        "training_phases.csv and defaults.csv; see: llmcost show sources.",
    ),
    "attention_flop": (
        "The convention by which attention is counted, an input (--attention-flop). causal, the "
        "default: a token attends to those before it, half of its sequence on average. full: to "
        "every position of its sequence. MFU is in the convention of the FLOP it divides.",
        "",
        "Full: PaLM (arXiv 2204.02311), appendix B. Causal: FlashAttention (arXiv 2205.14135).",
    ),
    "price": (
        "Price of one device for one hour. The default is the median over providers of each "
        "provider's latest graded row, for this accelerator and these terms, in the twelve months "
        "up to --as-of; its range is their 10th to 90th percentile. Terms are never mixed, "
        "accelerators never substituted.",
        "USD/GPU/hour",
        "gpu_prices.csv; see: llmcost show prices.",
    ),
    "peak_flop_rate": (
        "Dense peak of one device at the precision of the run; sparse figures of data sheets are "
        "halved.",
        "FLOP/s/GPU",
        "gpu_specs.csv; see: llmcost show gpus.",
    ),
    "steady_share": (
        "Mean rate of the running step over the rate of a good step: slow steps, evaluation, and "
        "phases that nobody models. It is beside goodput, and multiplies it in device time. The "
        "default is what is left of published runs, model FLOP over (reported MFU x peak) over "
        "reported hours, once the modelled goodput is taken out; 1 when you give --goodput.",
        "",
        _DEFAULT,
    ),
    "failure_rate": (
        "Interruptions that nobody planned, for each device and hour (--failure-rate): devices, "
        "hosts, network and software that stop the whole job.",
        "1/GPU/hour",
        f"Kokolis et al. 2024 (arXiv 2410.21680); Llama 3 (arXiv 2407.21783). {_DEFAULT}",
    ),
    "restart_time": (
        "From a failure to the first new step (--restart-time): detection, replacement, start and "
        "loading. Work that is done again is not in it; that follows from the interval.",
        "s",
        f"MegaScale (arXiv 2402.15627). {_DEFAULT}",
    ),
    "checkpoint_bandwidth": (
        "Rate at which each device writes its part of a checkpoint while training waits "
        "(--checkpoint-bandwidth).",
        "byte/s/GPU",
        _DEFAULT,
    ),
    "checkpoint_bytes_per_parameter": (
        "Size of a checkpoint over the number of parameters (--checkpoint-bytes-per-parameter): "
        "master weights, both moments of Adam, often weights in 16 bit.",
        "byte",
        _DEFAULT,
    ),
    "maintenance_share": (
        "Share of wall clock in which training stops on purpose (--maintenance-share).",
        "",
        _DEFAULT,
    ),
    "maintenance_loss": (
        "Share of wall clock in which training stopped on purpose: the maintenance_share. Goodput "
        "and the four losses sum to 1.",
        "",
        _DEFAULT,
    ),
    "server_price": (
        "What a server costs to buy, for each of its devices (--server-price): processors, memory, "
        "network cards and case are in it, the network between servers is not. The default is the "
        "median of dated purchases up to --as-of; prices of chips or boards are brought to servers "
        "by published ratios.",
        "USD/GPU",
        "gpu_prices.csv; see: llmcost show prices.",
    ),
    "network_share": (
        "Share of the network between servers in the price of a cluster (--network-share): the "
        "cluster costs server_price / (1 - network_share) a device.",
        "",
        f"Cottier et al. 2024 (arXiv 2405.21015). {_DEFAULT}",
    ),
    "server_lifetime": (
        "Years over which a server is written off (--server-lifetime).",
        "year",
        f"Annual reports of the large clouds. {_DEFAULT}",
    ),
    "cluster_utilization": (
        "Share of the hours of a cluster's life in which it runs jobs (--cluster-utilization). "
        "The others cost as much, and are borne by these.",
        "",
        f"Kokolis et al. 2024 (arXiv 2410.21680). {_DEFAULT}",
    ),
    "depreciation": (
        "How hardware is written off (--depreciation). straight-line, the default: in equal parts "
        "over server_lifetime. declining: value falls by hardware_price_decline from the date of "
        "the price, and the run bears the rate at which it falls when training starts.",
        "",
        "IAS 16, paragraph 62; Cottier et al. 2024 (arXiv 2405.21015).",
    ),
    "hardware_price_decline": (
        "Yearly fall of the value of hardware, in powers of ten (--hardware-price-decline): 0.14 "
        "leaves 72.4% after a year.",
        "1/year",
        f"Cottier et al. 2024 (arXiv 2405.21015). {_DEFAULT}",
    ),
    "server_age": (
        "Years from the date of the price to the start of training (--server-age), for declining "
        "depreciation.",
        "year",
        "Given, or new.",
    ),
    "cost_of_capital": (
        "Yearly interest on the money in the hardware (--cost-of-capital 8%). Straight line: equal "
        "yearly payments that return the price with interest, less what is written off. Declining: "
        "interest on the value when training starts. Without it, capital is free.",
        "1/year",
        "Given.",
    ),
    "rated_power": (
        "Power that the maker rates a device for, the chip with its memory (--rated-power).",
        "W/GPU",
        "gpu_specs.csv; see: llmcost show gpus.",
    ),
    "server_power_ratio": (
        "Rated power of a server over that of its devices (--server-power-ratio).",
        "",
        f"Cottier et al. 2024 (arXiv 2405.21015); data sheets of servers. {_DEFAULT}",
    ),
    "power_draw_fraction": (
        "Mean draw in training over the rated power of the server (--power-draw-fraction).",
        "",
        f"Newkirk et al. 2025 (arXiv 2506.14551); Latif et al. 2024 (arXiv 2412.08602). {_DEFAULT}",
    ),
    "pue": (
        "Power usage effectiveness (--pue): energy of the building over that of its servers, 1 or "
        "more. Cooling and losses of the supply are in it.",
        "",
        f"ISO/IEC 30134-2. {_DEFAULT}",
    ),
    "electricity_price": (
        "Price of a kilowatt-hour (--electricity-price), by default the industrial one of --region "
        "in the latest year up to --as-of.",
        "USD/kWh",
        "grids.csv and regions.csv; see: llmcost show sources.",
    ),
    "carbon_intensity": (
        "Emissions of a kilowatt-hour (--carbon-intensity), by default the mean of the grid of "
        "--region in the latest year up to --as-of. Contracts for green electricity do not count.",
        "kgCO2e/kWh",
        "GHG Protocol Scope 2 Guidance 2015, location-based; grids.csv and regions.csv.",
    ),
    "embodied_carbon_per_gpu": (
        "Emissions from making a server, for each of its devices (--embodied-carbon-per-gpu).",
        "kgCO2e/GPU",
        _DEFAULT,
    ),
    "water_intensity": (
        "Water that is consumed for each kilowatt-hour the site draws (--water-intensity): "
        "evaporated on site and where the electricity is made.",
        "litre/kWh",
        f"Li et al. 2023 (arXiv 2304.03271). {_DEFAULT}",
    ),
    "scope": (
        "What cost includes (--scope). final-run, the default: the training of the model that is "
        "released. development: experiments and failed runs, post-training, people, storage, "
        "network and data too, each a line of its own.",
        "",
        "The lines of Cottier et al. 2024 (arXiv 2405.21015), and those that it leaves out.",
    ),
    "experiments_ratio": (
        "All compute of a development over that of its final run (--experiments-ratio), 1 or more.",
        "",
        f"Cottier et al. 2024 (arXiv 2405.21015). {_DEFAULT}",
    ),
    "post_training_multiplier": (
        "Compute of a token of post-training over that of a token of the final run "
        "(--post-training-multiplier). Reinforcement learning generates its tokens too, and scores "
        "them.",
        "",
        "Given, or 1.",
    ),
    "staff": (
        "People of the development, as full-time equivalents over staff_time (--staff).",
        "person",
        "Given; without it, staff_share.",
    ),
    "staff_time": ("How long the people worked on it (--staff-time).", "year", "Given."),
    "salary": (
        "Yearly cash pay of a person (--salary), without what the employer pays on top.",
        "USD/person/year",
        f"Cottier et al. 2024 (arXiv 2405.21015). {_DEFAULT}",
    ),
    "staff_overhead": (
        "What an employee costs over the salary (--staff-overhead): taxes, benefits, office.",
        "",
        f"Cottier et al. 2024 (arXiv 2405.21015). {_DEFAULT}",
    ),
    "equity_pay": (
        "Yearly pay of a person in shares (--equity-pay), beside the salary; --no-equity leaves it "
        "out.",
        "USD/person/year",
        f"Cottier et al. 2024 (arXiv 2405.21015). {_DEFAULT}",
    ),
    "staff_share": (
        "Share of people in what the development costs an owner, where they are not counted "
        "(--staff-share): people = compute x share / (1 - share).",
        "",
        f"Cottier et al. 2024 (arXiv 2405.21015). {_DEFAULT}",
    ),
    "rental_add_ons": (
        "Storage, traffic and management of a bill for rental, over the price of its accelerators "
        "(--rental-add-ons); --storage-cost and --network-cost take its place.",
        "",
        _DEFAULT,
    ),
    "storage_cost": ("Storage over the development (--storage-cost).", "USD", "Given."),
    "network_cost": ("Traffic in and out of the cloud (--network-cost).", "USD", "Given."),
    "data_cost": (
        "Data that was bought, licensed or made (--data-cost). Nobody publishes a usual one.",
        "USD",
        "Given.",
    ),
    "range": (
        "low and high are the 10th and 90th percentile of draws; --interval asks for another pair. "
        "A range you give (35..45%) is a 90% interval, lognormal (logit-normal for shares) unless "
        "you write another kind before it: uniform, triangular, pert, beta, fixed. A default is "
        "drawn from a split normal on a log scale (logit for shares) that meets its own 10th, 50th "
        "and 90th percentile. A value you give alone has no range.",
        "",
        "Latin hypercube at stratum midpoints: McKay et al. 1979 (doi 10.2307/1268522).",
    ),
}

FURTHER = {
    "compute_optimal_ratio": "Above 1 the model is trained for cheaper inference, or for quality "
    "at its size, rather than for the least training compute.",
    "tokens_per_second": "Goodput is not in it: this is the rate of a good step, as a training log "
    "prints it. Over the whole wall clock multiply by goodput and by steady_share.",
    "cost": "This is rental on the terms of the price (--terms). Beside it stand rental on all "
    "other terms that have a price, what the run costs an owner (owned_cost), and what the cluster "
    "costs to buy (acquisition_cost).",
    "goodput": "Given (--goodput), or this. Goodput and its four losses (checkpoint_loss, "
    "rework_loss, restart_loss, maintenance_loss) sum to 1. Slow steps are in steady_share.",
    "checkpoint_interval": "Given (--checkpoint-interval), or this, the best one.",
    "checkpoint_time": "Given (--checkpoint-time), or this.",
    "owned_servers_cost": "With --depreciation declining it is gpu_hours x server_price x "
    "10^(-hardware_price_decline x server_age) x hardware_price_decline x ln 10 / (8766 x "
    "cluster_utilization).",
    "owned_capital_cost": "With --depreciation declining the charge is the cost_of_capital itself, "
    "on the value when training starts.",
    "staff_cost": "Without a number of people it is (owned_cost + owned_experiments_cost + "
    "owned_post_training_cost) x staff_share / (1 - staff_share).",
    "post_training_share": "Given (--post-training-share), from tokens, or a labelled default.",
}
