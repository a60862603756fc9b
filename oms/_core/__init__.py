"""The core in Cython: it knows nothing of the shell."""
