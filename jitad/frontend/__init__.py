"""Python function -> tape: what NumPy's functions record on tracers."""
