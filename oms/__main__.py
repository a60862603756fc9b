"""`python -m oms` is the command `oms`."""

import sys

from oms.cli import main

sys.exit(main())
