"""How tools for automatic differentiation compare, jitad among them: `python -m benchmarks`.

`--quick` takes three minutes, all of it forty. RESULTS.md, report.html and results.json are what
the last run found; `--against earlier.json` says what has become slower since.

The same problems, given to every tool that is installed (peers/, one small file each):

    latency.py         Rosenbrock's function, n = 2 to 100,000: called from Python on a NumPy array
    elementwise.py     a function of two numbers at each of many points
    arrays.py          logistic regression, a perceptron, a Gaussian process
    straight_line.py   long programs of scalar operations
    recurrences.py     a differential equation, a recurrent network, an LSTM
    matrices.py        Jacobians and Hessians, dense and nearly empty
    growth.py          times as n grows, with fitted exponents
    startup.py         import, first gradient cold and warm; memory
    accuracy.py        errors against 60 digits

What was promised of jitad, with bounds, beside the competitor that each needs:

    compile_time.py    from a new function object to its first gradient, and the stages in between
    cheap_gradient.py  TIME(f, grad f) / TIME(f), TIME(f, J v) / TIME(f) over many kinds of f
    throughput.py      small derivatives at many points, against JAX and loops by hand
    streaming.py       points in a mapped file: the rate, and how much memory that takes
    gpu.py             the same on a GPU, if there is one
    sparse.py          sparse matrices: values beside CasADi, asdex, Numba; structure, memory
    many_tangents.py   eight tangents at once, against eight single ones; a Jacobian
    njit_loop.py       a kernel inside an @njit loop, against a gradient written by hand
    paths.py           Python's branches: known paths, and paths in turn
    loops.py           an LSTM by scan, few states kept, a recurrence, a while loop
    runge_kutta.py     a long Python loop
    gradbench/         GradBench's twelve evals: a tool for it, and the same against other tools

Each runs alone, as `python -m benchmarks.latency --size quick --json rows.json`.

    harness.py         interleaved repeats, checked results, the control
    programs.py        functions that several measure; points.py those of one point
    suite/             problems, contests, records, the report, the comparison of runs
"""

import os

os.environ.setdefault("JITAD_CACHE_DIR", "off")  # what is measured is compiled here and now
