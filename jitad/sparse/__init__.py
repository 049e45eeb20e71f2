"""Sparse derivatives: which entries of a Jacobian there are, and their values, entry by entry."""
