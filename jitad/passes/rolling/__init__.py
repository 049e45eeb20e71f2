"""Long tapes of a Python loop -> the same tape with the loop rolled up, as one `loop`."""

from jitad.passes.rolling.roll import roll

__all__ = ["roll"]
