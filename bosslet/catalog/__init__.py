"""What exists, and who may do what to it: the only package that speaks SQL.

``Catalog`` in catalog.py is the door; records.py holds the values that come out of it and imports no SQLAlchemy, so a
module that only names them stays light.
"""
