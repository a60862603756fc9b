"""`oms serve` with a shorter queue to one of its peers, so that less has to be sent until it is full:
serve_short_queue.py CONFIG ENDPOINT BYTES."""

import dataclasses
import sys

from oms import server
from oms.cli import main

_, path, name, size = sys.argv
made = server.endpoint


def shortened(*of):
    settings = made(*of)
    return dataclasses.replace(settings, outbound_bytes=int(size)) if settings.name == name else settings


server.endpoint = shortened
sys.exit(main(["serve", "--config", path]))
