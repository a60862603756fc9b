"""A stand-in for the OMS on one endpoint of the bus: sessions, numbers and heartbeats, no books."""

import struct
import threading
import time

import pynng

from oms import records, schema
from oms.adapters.messages import feed_sequence
from oms.bus_config import SessionReason

ENVELOPE = struct.Struct("<IHHHHIQQQII16x")
ENVIRONMENT = "test"


def wait_until(condition, timeout_s=30.0):
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.002)


class Server:
    """Serves one peer after the other in a thread. Subclasses say what an opening and a record mean."""

    def __init__(self, url):
        self.url = url
        self.epoch = 0
        self.openings = []  # the fields of each SessionOpen
        self.refuse = ""  # words with which to refuse the next peer for good
        self.errors = []
        self.lock = threading.RLock()
        self._outbox = []
        self._drop = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def opened(self, fields):
        """An opening: returns the last applied sequence, and the records to send."""
        return 0, []

    def took(self, raw):
        """A record came: returns the records to send."""
        return []

    def send(self, batch):
        """Send to the peer of now, if there is one."""
        with self.lock:
            self._outbox += batch

    def dropped(self):
        """After a `drop`, before the next peer."""

    def drop(self):
        """The connection breaks; the thread then waits for the next."""
        self._drop.set()
        wait_until(lambda: not self._drop.is_set())

    def close(self):
        self._stop.set()
        self._thread.join()
        assert not self.errors, self.errors

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _run(self):
        while not self._stop.is_set():
            try:
                self._session()
            except pynng.Closed:
                pass
            except Exception as error:
                self.errors.append(repr(error))
                raise
            if self._drop.is_set():
                self.dropped()
                self._drop.clear()

    def _session(self):
        gone = threading.Event()
        sent = received = 0
        epoch = 0

        with pynng.Pair0(listen=self.url, recv_timeout=2, send_timeout=5000) as socket:
            socket.add_post_pipe_remove_cb(lambda pipe: gone.set())

            def say(batch):
                nonlocal sent
                for start in range(0, len(batch), 100):
                    some = batch[start : start + 100]
                    sent += 1
                    body = b"".join(some)
                    head = ENVELOPE.pack(
                        0x42534D4F, 52, 6, schema.SCHEMA_ID, schema.SCHEMA_VERSION, 0, epoch, sent, received,
                        len(some), len(body),
                    )  # fmt: skip
                    socket.send(head + body)

            heard = time.monotonic()
            while not (self._stop.is_set() or self._drop.is_set() or gone.is_set()):
                if epoch:
                    with self.lock:
                        batch, self._outbox = self._outbox, []
                    say(batch)
                    if time.monotonic() - heard > 0.2:
                        heard = time.monotonic()
                        say([records.encode("Heartbeat", sent_ns=1)])
                try:
                    message = socket.recv()
                except pynng.Timeout:
                    continue
                received += 1
                assert ENVELOPE.unpack_from(message)[7] == received
                for raw in records.split(message[64:]):
                    name, fields = records.decode(raw)
                    if name == "SessionOpen":
                        epoch = self._open(fields, say)
                        if not epoch:
                            time.sleep(0.1)
                            return
                    elif name == "SessionClosed":
                        return
                    elif name != "Heartbeat":
                        with self.lock:
                            say(self.took(raw))

    def _open(self, fields, say):
        if self.refuse:
            say([records.encode("SessionClosed", reason=int(SessionReason.refused), text=self.refuse)])
            return 0
        with self.lock:
            self.openings.append(fields)
            self.epoch += 1
            last_applied, batch = self.opened(fields)
            self._outbox = batch
        say([records.encode("SessionOpened", epoch=self.epoch, last_applied=last_applied)])
        return self.epoch


class FeedServer(Server):
    """The OMS's end of a feed: numbers requests, applies reports once, in order."""

    def __init__(self, url):
        self.requests = []  # as sent, in order of their feed_sequence
        self.session_id = 0
        self.reports = []  # applied in this exchange session, all numbered
        self.notices = []  # (name, fields, how many reports came before)
        self.gaps = 0
        self.lose = 0
        super().__init__(url)

    def opened(self, fields):
        if fields["session_id"] != self.session_id:
            self.session_id = fields["session_id"]
            self.reports = []
        again = [raw for raw in self.requests if feed_sequence(raw) > fields["last_received"]]
        return len(self.reports), again

    def took(self, raw):
        name, fields = records.decode(raw)
        if "feed_sequence" not in fields:
            self.notices.append((name, fields, len(self.reports)))
        elif fields["feed_sequence"] == len(self.reports) + 1:
            self.reports.append(raw)
        else:
            self.gaps += fields["feed_sequence"] > len(self.reports) + 1
        return []

    def request(self, batch):
        """Send OrderRequests; they are sent again to an adapter that has not received them."""
        with self.lock:
            self.requests += batch
            self.send(batch)

    def crash(self, lose):
        """As if the process had ended with its last reports not durable yet."""
        self.lose = lose
        self.drop()

    def dropped(self):
        del self.reports[max(len(self.reports) - self.lose, 0) :]
        self.lose = 0

    def said(self, name):
        return [fields for told, fields, _ in self.notices if told == name]
