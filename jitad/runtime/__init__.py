"""LLVM IR -> callable: compile, call from Python and from Numba, keep."""
