"""A surface as bytes: for Neuroglancer, and as files that every program for meshes reads.

Formats: https://github.com/google/neuroglancer/blob/master/src/datasource/precomputed/meshes.md (legacy single-
resolution), http://paulbourke.net/dataformats/ply/ and http://paulbourke.net/dataformats/obj/.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import zmesh

from bosslet.dialects.mesh.surface import Surface


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a surface."""

    media_type: str
    encode: Callable[[Surface], bytes]


def _mesh(surface: Surface) -> zmesh.Mesh:
    return zmesh.Mesh(surface.vertices, surface.faces, None)


FORMATS = {
    "": Format("application/octet-stream", lambda surface: bytes(_mesh(surface).to_precomputed())),
    "ply": Format("application/octet-stream", lambda surface: bytes(_mesh(surface).to_ply())),
    "obj": Format("text/plain", lambda surface: bytes(_mesh(surface).to_obj())),
}
"""By what comes after the dot of the name."""
