"""The control ops: loops, branches and blocks, which hold sub-tapes; `part` takes results out.

Their rules transform the sub-tapes; the transforms themselves are given to the rules.
"""

from jitad.ops.control.block import Block, block
from jitad.ops.control.custom import Custom, ReverseAloneError, custom
from jitad.ops.control.loop import Loop, loop
from jitad.ops.control.parts import Transforms, part, record
from jitad.ops.control.revolve import Revolve, masked, revolve, snapshots
from jitad.ops.control.switch import Switch, switch
