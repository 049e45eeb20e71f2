"""Tape -> tape of a new meaning: forward, reverse, batch, split."""
