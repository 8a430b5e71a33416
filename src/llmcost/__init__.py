"""llmcost: what it takes to train a language model."""
