"""How far are we from published measurements: points, predictions, errors and baselines."""
