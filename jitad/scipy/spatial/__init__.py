"""`scipy.spatial`: distances of traced points are those of `jitad.scipy.spatial.distance`."""

from jitad.scipy.mirror import mirror
from jitad.scipy.spatial import distance as distance
from jitad.scipy.spatial import transform

__getattr__, __dir__ = mirror("scipy.spatial")

OBJECTS = {"Rotation": transform.of_rotation, "Slerp": transform.of_slerp}
"""The functions from objects of SciPy's, by their classes, to what stands for them."""
