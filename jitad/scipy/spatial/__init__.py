"""`scipy.spatial`: distances of traced points are those of `jitad.scipy.spatial.distance`."""

from jitad.scipy.mirror import mirror
from jitad.scipy.spatial import distance as distance

__getattr__, __dir__ = mirror("scipy.spatial")
