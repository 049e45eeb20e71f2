"""The instruction set: one row an op, with its derivative rules and how it is emitted."""
