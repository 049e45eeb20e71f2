"""Speed claims, each measured beside its competitor in one process: `python -m benchmarks`.

    latency.py         value and gradient of a NumPy function called from Python, against its peers
    compile_time.py    from a new function object to its first gradient, and the stages in between
    cheap_gradient.py  TIME(f, grad f) / TIME(f), TIME(f, J v) / TIME(f) over many kinds of f
    throughput.py      small derivatives at many points, against JAX and loops by hand
    streaming.py       points in a mapped file: the rate, and how much memory that takes
    gpu.py             the same on a GPU, if there is one
    many_tangents.py   eight tangents at once, against eight single ones; a Jacobian
    njit_loop.py       a kernel inside an @njit loop, against a gradient written by hand
    gradbench/         GradBench's twelve evals: a tool for it, and the same against other tools
    programs.py        the functions that are measured; points.py those of one point
    harness.py         interleaved repeats, checked results, tables

Each runs alone, as `python -m benchmarks.latency --size quick --json rows.json`.
"""
