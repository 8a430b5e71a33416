"""Which hardware: setups in the same uncertain world, and who wins from which price on."""

from llmcost import compare

SETUPS = ["h100-sxm:4096", "b200:2048", "mi300x:3072@2.10 USD/GPU/hour", "tpu-v5p:4096"]

found = compare("llama-3.1-70b", tokens="15T", setups=SETUPS)
for setup in found.ranked:
    cost, days = setup.results["cost"], setup.results["wall_clock"]
    money = f"{cost.value / 1e6:6.1f} million USD" if cost.value else "no price"
    print(f"{setup.name:10} {days.value:5.1f} days  {money:18}  limited by {setup.limited_by}")

best, next_best = found.order[:2]
share = found.less_share(best, next_best)
print(f"\n{best} is cheaper than {next_best} in {share:.0%} of draws.")
for even in found.break_even:
    if even.against == best:
        print(f"{even.setup} wins below {even.price.value:.2f} {even.price.unit}.")

in_time = compare("llama-3.1-70b", tokens="15T", gpu="h100-sxm,b200", gpus_for="60 day")
for setup in in_time:
    number, share = setup.input("num_gpus"), setup.shares.deadline
    print(f"{number:,.0f} {setup.name} take at most 60 days, in {share:.0%} of draws.")
