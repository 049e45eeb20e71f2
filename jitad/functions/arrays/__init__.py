"""Functions that make, reshape, join, cut and index arrays."""
