"""`python -m updater …`."""

import sys

from updater.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
