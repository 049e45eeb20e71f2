"""What a program is: ops (rows), instructions, tapes, the tracer, errors."""
