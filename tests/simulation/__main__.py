"""`python -m tests.simulation SEED [--to LAST] [--jobs N] [--trace]`: one seed, or a run of seeds, again."""

import sys

from tests.seeds import main
from tests.simulation.day import outcome

if __name__ == "__main__":
    sys.exit(main("simulation", outcome, can_trace=True))
