"""Factorisations and equations as ops: LAPACK's work, with derivatives in terms of other ops."""
