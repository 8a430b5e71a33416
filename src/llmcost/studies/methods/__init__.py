"""Published methods of costing a run, each under its own name."""
