"""Sums and other reductions, statistics, sorting, counting."""
