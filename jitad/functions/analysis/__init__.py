"""Differences, integrals, interpolation, polynomials, Fourier transforms."""
