"""Tape -> tape of the same meaning, and tape -> program: the schedule of its loops."""
