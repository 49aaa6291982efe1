"""Voxels by box: OME-Zarr images on TensorStore, atomic block by block and durable when a write returns.

Nothing above this package imports TensorStore, knows whether a store is a folder or memory, or sees a file name. Open a
:class:`~bosslet.volume.store.Store` only after the last fork: a child forked after TensorStore has started its threads
aborts.
"""
