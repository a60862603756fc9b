"""`python -m tests.crash SEED [--to LAST]`: the day of one seed, or of a run of seeds, again."""

import sys

from tests.crash.killed_day import outcome
from tests.seeds import main

if __name__ == "__main__":
    sys.exit(main("crash", outcome))
