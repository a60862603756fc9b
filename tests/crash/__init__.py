"""kill -9 of everything, under load: `python -m tests.crash SEED [--to LAST]`."""
