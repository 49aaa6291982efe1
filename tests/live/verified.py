"""What ``bosslet verify`` says, as a process of its own: beside servers, or when they have ended."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def verified(uploads: Path, name: str) -> list[dict[str, Any]]:
    """All that it finds in a channel."""
    command = [sys.executable, "-m", "bosslet", "verify", str(uploads), name, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    assert done.returncode == bool(found)
    return found
