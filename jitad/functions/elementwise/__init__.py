"""Functions of each element: ufuncs, and what is composed of them."""
