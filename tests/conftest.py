"""Hypothesis profiles: the default finds the same examples on every run; ``ci`` looks further, and for new ones."""

from hypothesis import settings

settings.register_profile("default", derandomize=True, deadline=None)
settings.register_profile("ci", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("default")
