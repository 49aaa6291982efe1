"""``python3 ./run.py`` serves ``UPLOADS_PATH`` of bosslet/config.py; it takes the options of ``bosslet serve``."""

import sys

from bosslet.cli import main

if __name__ == "__main__":
    main(["serve", *sys.argv[1:]], prog_name="run.py")
