"""`scipy.ndimage`, on traced values as well: linear filters, and images between samples."""

from jitad.scipy.mirror import mirror
from jitad.scipy.ndimage import between, filters, ranked

__getattr__, __dir__ = mirror("scipy.ndimage")
