"""Settings of the bus: peers, addresses, certificates, and the numbers that both sides of a session share.

Owns: what is allowed to be configured, with a clear error for what is not. Never opens a socket.
"""

from __future__ import annotations

import ipaddress
import os
import stat
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from urllib.parse import urlsplit

import pynng

from oms import records
from oms.errors import OmsError

SOCKET_PATH_BYTES = 107
NAME_BYTES = 127
CREDENTIAL_BYTES = 255
_RING_MIN, _RING_MAX = 1 << 18, 1 << 32


class BusError(OmsError):
    """An address, a setting or a session of the bus is not usable."""


class SessionRole(IntEnum):
    """What a peer is; an endpoint is for one role."""

    client = 1
    adapter = 2
    operator = 3
    trade_feed = 4


class SessionReason(IntEnum):
    """Why a session ended. Up to `credential` it is the peer's fault."""

    none = 0
    truncated = 1
    oversize = 2
    magic = 3
    header = 4
    version = 5
    record = 6
    template = 7
    epoch = 8
    number = 9
    acknowledged = 10
    not_opened = 11
    environment = 12
    endpoint_name = 13
    role = 14
    credential = 15
    open_late = 16
    silent = 17
    slow = 18
    disconnected = 19
    left = 20
    refused = 21
    stopped = 22


@dataclass(frozen=True)
class EndpointConfig:
    """One peer of the OMS. `records`: names of the records that it may send."""

    name: str
    url: str
    role: SessionRole
    source: int  # stamped on its records
    records: frozenset[str]
    credential: str = ""
    tls: pynng.TLSConfig | None = None
    inbound_bytes: int = 1 << 20  # a power of two
    outbound_bytes: int = 1 << 22  # a power of two; a peer that leaves more unread is cut off
    rate: int = 0  # records a second that are taken from it; what is more waits. 0 = all that come

    def __post_init__(self) -> None:
        _check_text("name", self.name, NAME_BYTES, f"endpoint {self.name!r}")
        _check_text("credential", self.credential, CREDENTIAL_BYTES, f"endpoint {self.name!r}")
        if not self.name:
            raise BusError("an endpoint has no name", where=self.url)
        if unknown := self.records - records.BY_NAME.keys():
            raise BusError(f"no such record: {', '.join(sorted(unknown))}", where=f"endpoint {self.name!r}")
        for what in ("inbound_bytes", "outbound_bytes"):
            size = getattr(self, what)
            if not _RING_MIN <= size <= _RING_MAX or size & (size - 1):
                raise BusError(
                    f"{what} is {size}",
                    where=f"endpoint {self.name!r}",
                    remedy=f"use a power of two from {_RING_MIN} to {_RING_MAX}",
                )
        if urlsplit(self.url).scheme == "tls+tcp" and self.tls is None:
            raise BusError("a tls+tcp endpoint needs certificates", where=f"endpoint {self.name!r}", remedy="set tls")


@dataclass(frozen=True)
class BusConfig:
    """All endpoints of one OMS and what they have in common."""

    environment: str  # "production", "test", ...: a peer of another one is refused
    endpoints: tuple[EndpointConfig, ...]
    heartbeat_ms: int = 1000
    silence_ms: int = 5000  # a peer that says nothing for so long is cut off
    open_ms: int = 2000  # from connecting to SessionOpen
    linger_ms: int = 200  # for the last word to a peer that is cut off
    sender_spin_us: int = 0
    allow_remote: bool = False
    epoch: int = 0  # of the process that leads: the upper half of its sessions' epochs; 0 = by the clock

    def __post_init__(self) -> None:
        _check_text("environment", self.environment, NAME_BYTES, "bus")
        for what in ("name", "url", "source"):
            values = [getattr(endpoint, what) for endpoint in self.endpoints]
            if twice := {str(value) for value in values if values.count(value) > 1}:
                raise BusError(f"two endpoints have the {what} {', '.join(sorted(twice))}", where="bus")


def _check_text(what: str, text: str, most: int, where: str) -> None:
    if len(text.encode()) > most or "\0" in text:
        raise BusError(f"{what} is longer than {most} bytes or has a NUL", where=where)


def run_directory(path: Path) -> Path:
    """Make the directory for socket files, open to this user alone. Raises BusError if it is open to others."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = path.stat()
    if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != 0o700:
        raise BusError(
            "the run directory is not this user's alone: whoever can reach a socket file can act as a peer",
            where=str(path),
            remedy=f"chown it to this user and chmod 700 {path}",
        )
    return path


def _loopback(host: str | None) -> bool:
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return host == "localhost"


def listen_address(url: str, allow_remote: bool = False) -> str:
    """The URL, if a bus may listen there. Raises BusError with what to do otherwise."""
    parts = urlsplit(url)
    if parts.scheme == "ipc":
        check_socket_path(url)
        run_directory(Path(url.removeprefix("ipc://")).parent)
    elif parts.scheme not in ("tcp", "tls+tcp"):
        raise BusError(f"unknown transport {parts.scheme!r}", where=url, remedy="use ipc://, tcp:// or tls+tcp://")
    elif parts.port is None:
        raise BusError("the address has no port", where=url)
    elif not _loopback(parts.hostname) and not allow_remote:
        raise BusError(
            "the address can be reached from other hosts",
            where=url,
            remedy="listen on 127.0.0.1 or a socket file, or set allow_remote and use tls+tcp://",
        )
    elif not _loopback(parts.hostname) and parts.scheme != "tls+tcp":
        raise BusError("peers on other hosts need certificates", where=url, remedy="use tls+tcp://")
    return url


def check_socket_path(url: str) -> None:
    """Raise BusError if the path of an ipc:// URL is relative or longer than a socket's path may be."""
    path = url.removeprefix("ipc://")
    if not path.startswith("/"):
        raise BusError("a socket file needs an absolute path", where=url)
    if len(path.encode()) > SOCKET_PATH_BYTES:
        raise BusError(
            f"the socket path has {len(path.encode())} bytes: {SOCKET_PATH_BYTES} at most",
            where=url,
            remedy="use a shorter run directory",
        )


def listen_error(endpoint: EndpointConfig, error: Exception) -> BusError:
    """What a failed listen means to the operator."""
    remedy = "stop the process that listens there, or give the endpoint another address"
    return BusError(f"cannot listen: {error}", where=f"endpoint {endpoint.name!r} at {endpoint.url}", remedy=remedy)


def tls_listening(certificate_and_key: Path, authority: Path) -> pynng.TLSConfig:
    """Certificates of a listening endpoint: its own, and the authority that every peer's must be signed by."""
    return _tls(pynng.TLSConfig.MODE_SERVER, None, certificate_and_key, authority)


def tls_connecting(server_name: str, certificate_and_key: Path, authority: Path) -> pynng.TLSConfig:
    """Certificates of a peer: its own, and the authority and name of the OMS's."""
    return _tls(pynng.TLSConfig.MODE_CLIENT, server_name, certificate_and_key, authority)


def _tls(mode: int, server_name: str | None, certificate_and_key: Path, authority: Path) -> pynng.TLSConfig:
    for path in (certificate_and_key, authority):
        if not path.is_file():
            raise BusError("no such certificate file", where=str(path))
    try:
        return pynng.TLSConfig(
            mode,
            server_name=server_name,
            auth_mode=pynng.TLSConfig.AUTH_MODE_REQUIRED,
            ca_files=[str(authority)],
            cert_key_file=str(certificate_and_key),
        )
    except pynng.NNGException as error:
        where = f"{certificate_and_key}, {authority}"
        raise BusError(f"the certificates cannot be used: {error}", where=where) from None
