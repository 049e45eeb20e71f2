"""A Python function as a program: its bytecode is read, and run step by step on tracers.

    bytecode.py    code -> blocks of statements on names, in place of steps on a stack
    instructions/  what each instruction of Python's means, 3.10 to 3.13
    statements.py  what blocks are made of: what a statement reads, binds and does
    graph.py       blocks -> loops, names that live on, where the sides of a branch join
    executor.py    runs blocks on values and tracers
    joins.py       a branch on a traced value -> a switch; aliases.py who else has what it joins
    again.py       a function that returns what it calls itself for: a loop
    depth.py       how deep branches may be within branches
    choices.py     a name that is bound to one of several objects
    raising.py     an exception on a side -> a guard: a status of the kernel
    forms.py       what names are bound to, taken apart for control ops and put together again
    owners.py      in how many places an object is to be found
    switches.py    what sides leave -> a switch
    turns.py       a loop -> a loop op; state.py what it carries
    iterators.py   what a `for` goes over
    alike.py       items at traced places
    growing.py     lists that turns append to; carried.py those that they read back or write to
    varying.py     lists whose length depends on traced values; buffers.py what stands in them
    keyed.py       dicts, sets and deques of which traced values say what they have: tables.py
    folds.py       sum, any, all, max, min of many; orders.py what is sorted
    calls.py       what a call means; pure.py what may be called in a branch or a loop
    questions.py   what is asked of a value: isinstance, type, hasattr
    native.py      functions that are called as they are
    library.py     map, reduce and their like, as programs
    arguments.py   what names are bound to as a call begins
    operations.py  operators, attributes and items
    specials.py    what syntax calls of the user's classes
    holders.py     containers and objects that it changes, whose parts branches and loops carry
    mirrors.py     SciPy's functions, by those of jitad.scipy
    cells.py       variables that functions share: closures, nonlocal
    contexts.py    `with` of what says nothing about traced values
    generators.py  a generator goes on where it is asked for the next item, or has a loop's body
    data.py        what names are bound to: numbers, arrays, and what is neither
    tracebacks.py  the user's lines

A branch on a traced value is recorded on both its sides up to where they join, a loop as one turn:
one trace holds for all data. The graph is cut into regions. A region is run from a label to the
first of its stops. Where it ends at depends on data: then it leaves a traced label (`Somewhere`),
which alone does `break`, `continue`, an early `return` and the way to a handler of exceptions.
An exception that the function does not catch is a guard, which the kernel reports.
Where Python needs a number (a shape, an index of a list), the loop around it is unrolled, and
outside of loops the branch is guarded.
"""
