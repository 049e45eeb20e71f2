"""numpy.linalg: equations, factorisations, norms."""
