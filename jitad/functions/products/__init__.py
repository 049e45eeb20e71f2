"""Products of arrays: dot to einsum."""
