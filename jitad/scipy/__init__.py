"""SciPy's modules for traced values: `jitad.scipy.special` is `scipy.special`, and so on.

On plain arrays the functions are SciPy's own; where an operand is traced they record. Nothing of
SciPy is imported before one of the modules is.
"""
