"""What no test suite has the time for: ``make torture`` runs all of it, ``make torture PART=kill`` a part.

Each module is one part: a function that does its worst for as long as it is asked to, and returns figures. Where the
suite runs the same in short, it is in ``tests/torture/test_parts.py``. docs/reliability.md has what came out.
"""
