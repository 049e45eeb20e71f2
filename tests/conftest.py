"""Settings that all tests share: hypothesis tries the same examples in every run.

For a wider search: `pytest tests/test_passes.py --hypothesis-profile=search`.
"""

from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None, max_examples=60, database=None)
settings.register_profile("search", deadline=None, max_examples=800, database=None)
settings.load_profile("same")
