"""What the system and TensorStore say went wrong, in our own words.

TensorStore turns a failed system call into a ValueError with the error's number in its text. Whether that is the
answer of a full disk or of a broken one is told by this number alone: messages carry names that others chose.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from bosslet.errors import StorageError, StorageFull, UnreadableBlock

_IN_THE_WAY = {errno.EISDIR, errno.ENOTDIR, errno.EEXIST}
"""A folder where a file should be, or the other way round."""
_NOT_WRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}


@contextmanager
def translated_errors(what: str, *, writing: bool = False) -> Iterator[None]:
    """``what`` names the array, and the box if known; only what writes can find that there is no room."""
    try:
        yield
    except StorageError:
        raise
    except (ValueError, OSError, NotImplementedError) as error:
        number = _number(error) if writing else None
        if number in _NOT_WRITABLE:
            raise StorageFull(f"{what}: cannot be written: {_brief(error)}") from error
        if number is not None and number not in _IN_THE_WAY:
            raise StorageError(f"{what}: cannot be written: {_brief(error)}") from error
        raise UnreadableBlock(f"{what}: {_brief(error)}") from error


def _number(error: Exception) -> int | None:
    """The errno of the system call that failed."""
    if isinstance(error, OSError):
        return error.errno
    found = re.search(r"\[os_error_code='([0-9]+)'", str(error))
    return int(found[1]) if found else None


def _brief(error: Exception) -> str:
    """A message without the specification that TensorStore appends, in which the whole context is spelled out."""
    return str(error).split(" [tensorstore_spec=")[0].split(" [source locations=")[0]
