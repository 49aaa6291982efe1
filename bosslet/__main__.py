"""``python -m bosslet`` is the command ``bosslet``."""

from bosslet.cli import main

main(prog_name="bosslet")
