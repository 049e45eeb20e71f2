"""What the instructions of Python's mean, for Python 3.10 to 3.13: one row each.

rows.py        how a row is entered
names.py       names, cells, the stack, imports
computing.py   operators, attributes and items, text
containers.py  containers, unpacking, match
flow.py        jumps, loops, calls, functions that are made
handling.py    exceptions, and `with`
"""

from jitad.functions.program.instructions import computing, containers, flow, handling, names
