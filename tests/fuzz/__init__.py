"""Random programs against independent oracles: `python -m tests.fuzz KIND --count 20000`."""
