"""Readers of what laboratories have: each format in a module of its own, all seen as a ``Source``.

Nothing here knows of channels or of the store. Libraries read the formats; what is added is which axis is which, how
large a voxel is, and that a file which is cut off is an error before anything is made of it.
"""
