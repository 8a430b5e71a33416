"""The whole grid of a plan: evaluated in blocks, reduced where it is computed, here or on a cluster."""
