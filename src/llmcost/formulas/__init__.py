"""Published equations: float kernels with a unit-checked face."""
