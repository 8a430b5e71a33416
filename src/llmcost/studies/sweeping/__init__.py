"""The whole grid of a plan, in blocks that are reduced where they are computed."""
