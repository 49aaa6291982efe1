"""The command ``bosslet``, also as ``python -m bosslet``.

What it needs takes a while to be read. Until then Ctrl-C ends the process without a word, as it ends other programs;
as an exception it would be the end of whichever import was under way, and a traceback of that.
"""

from __future__ import annotations

import signal
from importlib import import_module


def main() -> None:
    """Read what is needed, then do what the arguments say."""
    before = signal.getsignal(signal.SIGINT)
    if before is signal.default_int_handler:  # whoever started us may want it ignored
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    cli = import_module("bosslet.cli")
    signal.signal(signal.SIGINT, before)
    cli.main(prog_name="bosslet")


if __name__ == "__main__":
    main()
