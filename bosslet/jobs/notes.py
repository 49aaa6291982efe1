"""When a channel was last verified and backed up, for whoever asks how it is: a small file beside the locks of jobs.

It is nobody's only copy of anything, and may be removed.
"""

from __future__ import annotations

import fcntl
import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bosslet.datastore import Datastore
from bosslet.jobs.locks import lock_file, open_lock
from bosslet.jobs.verify import Report

FILE = "notes.json"

Notes = dict[str, dict[str, Any]]
"""By the path of a channel, what was done, with when."""


def read(datastore: Datastore) -> Notes:
    """All that is known."""
    file = lock_file(datastore.uploads, "notes").with_name(FILE)
    notes: Notes = json.loads(file.read_bytes()) if file.exists() else {}
    return notes


def note(datastore: Datastore, what: str, done: Mapping[str, Mapping[str, object]]) -> None:
    """Something was done just now to the channels at these paths; the values say how it went."""
    at, lock = datetime.now(UTC).isoformat(timespec="seconds"), lock_file(datastore.uploads, "notes")
    with open_lock(lock) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        known = {channel.path for channel in datastore.catalog.resources.all_channels()}
        notes = {path: before for path, before in read(datastore).items() if path in known}
        for path, values in done.items():
            notes[path] = {**notes.get(path, {}), what: {"at": at, **values}}
        beside = lock.with_name(f"{FILE}.new")
        beside.write_text(json.dumps(notes))
        beside.replace(lock.with_name(FILE))


def note_verify(datastore: Datastore, names: tuple[str, ...], report: Report, sample: float) -> None:
    """What is in a collection, an experiment or a channel was verified, or this part of its blocks."""
    found = Counter(finding.channel for finding in report.findings)
    channels = datastore.catalog.resources.all_channels()
    looked_at = [channel for channel in channels if tuple(str(channel).split("/"))[: len(names)] == names]
    done = {channel.path: {"findings": found[str(channel)], "sample": sample} for channel in looked_at}
    note(datastore, "verify", done)
