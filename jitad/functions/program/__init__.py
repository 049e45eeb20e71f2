"""A Python function as a program: read as Numba's IR, and run statement by statement on tracers.

    numba_ir.py    function -> blocks of statements; all that is private to Numba
    statements.py  a node of that IR -> a statement: what it reads, binds and does
    graph.py       blocks -> loops, names that live on, where the sides of a branch join
    executor.py    runs blocks on values and tracers
    joins.py       a branch on a traced value -> a switch
    turns.py       a loop -> a loop op
    iterators.py   what a `for` goes over
    calls.py       what a call means, and whether it may stand in a branch or a loop
    data.py        what names are bound to: numbers, arrays, and what is neither

A branch on a traced value is recorded on both its sides up to where they join, a loop as one turn:
one trace holds for all data. The graph is cut into regions. A region is run from a label to the
first of its stops. Where it ends at depends on data: then it leaves a traced label (`Somewhere`),
which alone does `break`, `continue` and an early `return`. Where Python needs a number (a shape,
an index of a list), the loop around it is unrolled, and outside of loops the branch is guarded.
"""
