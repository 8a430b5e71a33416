"""Training logs to steps: one module a format, one reader for all."""
