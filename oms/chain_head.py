"""The head of a journal's chain, kept elsewhere: what proves later that nothing before it was changed.

A head is a small JSON file: whose journal, how far, when, and the chain's hash there, which depends on every byte of
every record before. Signed with an Ed25519 key it also proves who took it. Owns that file and the keys. The journal
itself verifies its chain; here the chain is compared with what was noted.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from oms.errors import OmsError
from oms.journal import Reader, first_sequence, is_locked
from oms.moment import in_words

FORMAT = 1
INSTALL = "install the extra: pip install 'oms-engine[sign]'"


@dataclass(frozen=True)
class Head:
    """sequence: of the last record that it covers; time, day: of that record (UTC); chain: 64 hexadecimal digits.
    signature: over all other fields; empty: it is not signed."""

    store_id: str
    sequence: int
    time: str
    day: str
    chain: str
    format: int = FORMAT
    signature: str = ""

    def signed_bytes(self) -> bytes:
        """What the signature is over: the other fields as JSON without blanks, by name."""
        fields = asdict(self)
        del fields["signature"]
        return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode()

    def text(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"


def take(journal: Path) -> Head:
    """The head of a journal as it is now, of a live one as far as it is committed; all of it is verified first.

    Raises JournalDamage, and OmsError when there is no record.
    """
    with Reader(journal, first_here(journal), is_locked(journal)) as reader:
        reader.to_end()
        reader.check()
        facts = reader.facts()
    if not facts["last"]:
        raise OmsError("the journal holds no record", where=str(journal))
    time = in_words(facts["time_ns"])
    return Head(facts["store_id"].hex(), facts["last"], time, time[:10], facts["chain"].hex())


def first_here(journal: Path) -> int:
    """The first sequence that can be read: 1, or of the oldest segment that is left."""
    return max(first_sequence(journal), 1)


def load(path: Path) -> Head:
    """Raises OmsError that says what is wrong with the file."""
    try:
        fields = json.loads(path.read_text())
        found = Head(**fields)
        if found.format != FORMAT or not isinstance(found.sequence, int) or len(bytes.fromhex(found.chain)) != 32:
            raise ValueError
    except OSError as error:
        raise OmsError(f"cannot read the head: {error.strerror}", where=str(path)) from None
    except (ValueError, TypeError):
        raise OmsError("this is no chain head", where=str(path), remedy="`oms journal head` writes one") from None
    return found


def check(journal: Path, head: Head) -> list[str]:
    """What is wrong with the journal by the head; empty: all records up to it are those that it was taken of, as far
    as they are here. Raises JournalDamage."""
    if head.sequence < first_here(journal):
        return [f"the records up to sequence {head.sequence} are not here: put the archived segments back"]
    with Reader(journal, head.sequence, is_locked(journal)) as reader:
        next(reader, None)
        reader.check()
        facts = reader.facts()
    if facts["store_id"].hex() != head.store_id:
        return [f"the head is of another journal: of store {head.store_id}, and this is {facts['store_id'].hex()}"]
    if facts["last"] < head.sequence:
        return [
            f"the journal ends at sequence {facts['last']}, and the head knows it up to {head.sequence}: "
            "its end was removed, or an older copy was put here"
        ]
    if facts["last"] != head.sequence or facts["chain"].hex() != head.chain:
        return [
            f"the records up to sequence {head.sequence} are not those that the head was taken of: "
            "at least one was changed, removed, added or moved"
        ]
    return []


# keys


def make_keys(path: Path) -> Path:
    """A new key in `path`, for its owner alone, and its public half in `path`.pub. Neither may be there yet."""
    ed25519, serialization = _library()
    key = ed25519.Ed25519PrivateKey.generate()
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    public = key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    beside = path.with_name(path.name + ".pub")
    for place, content, mode in ((path, private, 0o600), (beside, public, 0o644)):
        try:
            file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        except FileExistsError:
            raise OmsError("there is a file already", where=str(place), remedy="name another one") from None
        with os.fdopen(file, "wb") as out:
            out.write(content)
    return beside


def sign(head: Head, key_file: Path) -> Head:
    """The head with its signature. Raises OmsError when others can read the key."""
    ed25519, serialization = _library()
    if key_file.stat().st_mode & 0o077:
        raise OmsError("others can read the key", where=str(key_file), remedy=f"chmod 600 {key_file}")
    try:
        key: Any = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except ValueError:
        key = None
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise OmsError("this is no Ed25519 key", where=str(key_file), remedy="`oms journal keygen` makes one")
    return Head(**{**asdict(head), "signature": key.sign(head.signed_bytes()).hex()})


def check_signature(head: Head, public_file: Path) -> list[str]:
    """What is wrong with the head's signature by a public key."""
    from cryptography.exceptions import InvalidSignature

    ed25519, serialization = _library()
    try:
        key: Any = serialization.load_pem_public_key(public_file.read_bytes())
    except ValueError:
        key = None
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise OmsError("this is no Ed25519 public key", where=str(public_file))
    if not head.signature:
        return ["the head is not signed"]
    try:
        key.verify(bytes.fromhex(head.signature), head.signed_bytes())
    except (InvalidSignature, ValueError):
        return ["the head's signature fails: the head was changed, or signed with another key"]
    return []


def _library() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise OmsError("signing needs the package cryptography", remedy=INSTALL) from None
    return ed25519, serialization
