"""The command while it is still being read."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from tests.live.server import environment


def test_ctrl_c_then_is_no_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", "-m", "bosslet", "--version"]
    with subprocess.Popen(command, env=environment(tmp_path), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        # Reported when it is read, and long before all that needs it.
        next(line for line in process.stderr if line.endswith("bosslet.errors\n"))
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read()
    assert process.returncode == -signal.SIGINT
    assert "Traceback" not in rest
    assert "bosslet.cli\n" not in rest
