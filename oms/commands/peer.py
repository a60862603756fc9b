"""What the commands of the bus's peers have in common: where the OMS is, and who the peer is. No command of its own."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from oms.errors import OmsError


def add_peer(command: ArgumentParser) -> None:
    """The options that say where the endpoint is: by the OMS's configuration, or in full."""
    command.add_argument("--config", type=Path, metavar="FILE", help="the OMS's settings: they say all of the below")
    command.add_argument("--endpoint", metavar="NAME", help="name of the endpoint")
    command.add_argument("--url", help="where it listens, such as ipc:///run/oms/XASX.sock")
    command.add_argument("--environment", default="test", help="the OMS's (default: test)")
    command.add_argument("--credential-file", type=Path, metavar="FILE", help="its first line is presented")


def peer_of(args: Namespace, feed: str) -> tuple[str, dict[str, str]]:
    """URL of an adapter's endpoint, and name, environment and credential. feed: the default name. Raises OmsError."""
    if args.url:
        credential = args.credential_file.read_text().splitlines()[0].strip() if args.credential_file else ""
        name = args.endpoint or feed
        return args.url, {"name": name, "environment": args.environment, "credential": credential}
    if not args.config:
        raise OmsError("it is not said where the OMS is", remedy="give --config oms.toml, or --url")
    from oms.config import load

    config = load(args.config)
    named = [name for name, peer in config.endpoints.items() if args.endpoint in (None, name) and peer.feed == feed]
    if not named:
        raise OmsError(f"no endpoint is for the feed {feed}", where=str(args.config), remedy="add one, role = adapter")
    identity = {"environment": config.environment, "credential": config.credential(named[0])}
    return config.url(named[0]), {"name": named[0], **identity}
