TASK_THREADS: int
POLLER_THREADS: int

def configure_nng() -> None:
    """Limit nng's threads. Effective only before the first socket of the process is opened."""
