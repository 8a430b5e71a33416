"""Compiled kernels from the one NumPy engine: formulas are traced on symbols, and compiled."""

from llmcost.tracing.compiled import Kernel, compile_kernel
from llmcost.tracing.tracer import Trace, Uniform, trace

__all__ = ["Kernel", "Trace", "Uniform", "compile_kernel", "trace"]
