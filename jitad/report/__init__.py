"""What people who learn or teach differentiation look at: traces, graphs, stages, as text and HTML.

Read in this order: `expression` writes an instruction in infix notation; `elementary` spells a
tape out into the v_i of the textbooks; `evaluation` and `sweeps` put values, tangents and adjoints
beside them; `dot` draws; `stages` shows a program on its way to LLVM IR, and `paths` which ways
through its branches are known; `trace` is what `jitad.trace` returns.
"""

from jitad.report.dot import to_dot
from jitad.report.evaluation import EvaluationRow, EvaluationTrace, Partial
from jitad.report.html import to_html
from jitad.report.stages import describe_stages
from jitad.report.sweeps import evaluation_trace
from jitad.report.trace import Trace
