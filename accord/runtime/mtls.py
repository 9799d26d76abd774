"""Mutual TLS: each trust domain has its own authority, and a name is only believed from its own.

A process is called `spiffe://<cell or plane>.<federation>/<process>`; the first part is its trust domain.

Invariants
    1. A peer's name is proven by the authority of the trust domain in that very name, which signed the
       certificate directly: the authority of a cell can name its own processes and nobody else's.
    2. A certificate names exactly one process; anything else is refused.
    3. Without a certificate, a key and a trust folder there is no connection at all.
"""

import datetime
import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from accord.errors import PeerRefusedError

AUTHORITY_DAYS = 3650
LEAF_DAYS = 90
# Clocks of the two ends may differ.
BACKDATED = datetime.timedelta(minutes=5)

_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}(\.[a-z0-9][a-z0-9-]{0,62})+", re.ASCII)
_PROCESS = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
# What the library says of certificates that it cannot read, now or at a later question.
MALFORMED = (
    ValueError, x509.InvalidVersion, x509.ExtensionNotFound, x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PeerName:
    """A proven peer: `trust_domain` is `<cell or plane>.<federation>`."""

    trust_domain: str
    process: str

    @property
    def node(self) -> str:
        """The cell, edge or plane: the first label of the trust domain."""
        return self.trust_domain.partition(".")[0]

    def __str__(self) -> str:
        return f"spiffe://{self.trust_domain}/{self.process}"


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority with its private key, both PEM."""

    cert_pem: bytes
    key_pem: bytes

    def __repr__(self) -> str:
        return "Authority(...)"


class MtlsFiles:
    """The certificate chain and private key of this process as they are now, both PEM.

    `version` rises with every change: what was made from them before is made again by whoever keeps it.
    """

    def __init__(self, certificate_pem: bytes, key_pem: bytes) -> None:
        self.certificate_pem, self.key_pem = certificate_pem, key_pem
        self.version = 0

    def replace(self, other: "MtlsFiles") -> bool:
        """Go on with another pair, which the caller has looked at. Returns whether it is another one."""
        if (self.certificate_pem, self.key_pem) == (other.certificate_pem, other.key_pem):
            return False
        self.certificate_pem, self.key_pem = other.certificate_pem, other.key_pem
        self.version += 1
        return True

    @classmethod
    def load(cls, certificate_file: Path, key_file: Path) -> "MtlsFiles":
        """Read both files, or raise `OSError`: a plane without its keys does not start."""
        return cls(certificate_file.read_bytes(), key_file.read_bytes())

    def faults(self) -> list[str]:
        """Why these cannot be used: none, when both can be read and belong together."""
        found: list[str] = []
        try:
            certificate = x509.load_pem_x509_certificate(self.certificate_pem)
        except MALFORMED:
            found.append("mtls.certificate_file: no certificate")
        try:
            key = serialization.load_pem_private_key(self.key_pem, None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            found.append("mtls.key_file: no private key")
        if not found and certificate.public_key() != key.public_key():
            found.append("mtls.key_file: not the key of the certificate")
        if not found:
            try:
                self.name()
            except PeerRefusedError as error:
                found.append(f"mtls.certificate_file: {error.metadata['why']}")
        return found

    def name(self, now: datetime.datetime | None = None) -> PeerName:
        """Whom the certificate names, in its time. Raises PeerRefusedError: nobody, now."""
        return _named(x509.load_pem_x509_certificate(self.certificate_pem), now)

    def __repr__(self) -> str:
        return "MtlsFiles(...)"


class Trust:
    """Trust domain to the certificates of its authority (more than one while it is renewed).

    What stands in the folder wins over what is admitted from afar: it is never swapped. `version` rises with
    every change, `withdrawals` when somebody who was believed is not any more.
    """

    def __init__(self, authorities: Mapping[str, bytes]) -> None:
        self._given: dict[str, bytes] = {}
        self._admitted: dict[str, bytes] = {}
        self._pem: dict[str, bytes] = {}
        self._certificates: dict[str, list[x509.Certificate]] = {}
        self.version, self.withdrawals = 0, 0
        self.replace(authorities)

    @classmethod
    def load(cls, folder: Path) -> "Trust":
        """Every `<trust domain>.pem` of a folder; a missing or empty folder is refused.

        Raises:
            PeerRefusedError, OSError
        """
        return cls(read_authorities(folder))

    def replace(self, authorities: Mapping[str, bytes]) -> None:
        """Take the folder's new set as a whole; connections made later follow it, calls on open ones too.

        Raises:
            PeerRefusedError: none, or one that is malformed; nothing is changed.
        """
        if not authorities:
            raise PeerRefusedError(why="no authorities")
        self._take(authorities, self._admitted)

    def admit(self, authorities: Mapping[str, bytes]) -> None:
        """Take as a whole what the directory says of domains that are not in the folder; raises as
        `replace`.
        """
        self._take(self._given, authorities)

    def _take(self, given: Mapping[str, bytes], admitted: Mapping[str, bytes]) -> None:
        merged = {**admitted, **given}
        if not all(_DOMAIN.fullmatch(domain) for domain in merged):
            raise PeerRefusedError(why="a malformed trust domain")
        try:
            certificates = {d: x509.load_pem_x509_certificates(pem) for d, pem in merged.items()}
        except MALFORMED:
            raise PeerRefusedError(why="an authority is no certificate") from None
        self._given, self._admitted = dict(given), dict(admitted)
        if merged == self._pem:
            return
        for domain, before in self._certificates.items():
            if not set(before) <= set(certificates.get(domain, ())):
                self.withdrawals += 1
        self._pem, self._certificates = merged, certificates
        self.version += 1

    def domains(self) -> tuple[str, ...]:
        return tuple(self._pem)

    @property
    def count(self) -> int:
        """How many certificates of authorities are believed."""
        return sum(map(len, self._certificates.values()))

    def of(self, trust_domain: str) -> list[x509.Certificate]:
        """The authority of a trust domain; none when it is unknown."""
        return self._certificates.get(trust_domain, [])

    def bundle_pem(self, trust_domain: str | None = None) -> bytes:
        """PEM of one authority, or of all.

        Raises:
            PeerRefusedError: unknown trust domain.
        """
        if trust_domain is None:
            return b"\n".join(self._pem.values())
        if trust_domain not in self._pem:
            raise PeerRefusedError(why="unknown trust domain", peer=trust_domain)
        return self._pem[trust_domain]


def read_authorities(folder: Path) -> dict[str, bytes]:
    """Every `<trust domain>.pem` of a folder. Raises OSError."""
    return {path.stem: path.read_bytes() for path in sorted(folder.glob("*.pem"))}


def make_authority(name: str, trust_domain: str, now: datetime.datetime | None = None) -> Authority:
    """A new self-signed authority (ECDSA P-256, ten years) that may sign leaves only."""
    _require(_DOMAIN, trust_domain)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    builder = _builder(subject, subject, key.public_key(), AUTHORITY_DAYS, now)
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    names = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"spiffe://{trust_domain}")])
    certificate = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False)
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key))


def issue(
    authority: Authority,
    process: str,
    trust_domain: str,
    dns: Iterable[str] = ("localhost",),
    ips: Iterable[str] = ("127.0.0.1",),
    valid_days: float = LEAF_DAYS,
    now: datetime.datetime | None = None,
) -> tuple[bytes, bytes]:
    """Certificate and key (PEM) of one process, good for both ends of a connection.

    The trust domain stands among the DNS names too: a client of ours checks it, wherever it connects.
    """
    _require(_DOMAIN, trust_domain)
    _require(_PROCESS, process)
    issuer = x509.load_pem_x509_certificate(authority.cert_pem)
    issuer_key = serialization.load_pem_private_key(authority.key_pem, None)
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise ValueError("an authority has an ECDSA key")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{process}.{trust_domain}"[:64])])
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(f"spiffe://{trust_domain}/{process}")]
    names += [x509.DNSName(name) for name in dict.fromkeys((trust_domain, *dns))]
    names += [x509.IPAddress(ipaddress.ip_address(ip)) for ip in ips]
    usages = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    issuer_identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        _builder(subject, issuer.subject, key.public_key(), valid_days, now)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(usages, critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer_identifier), critical=False
        )
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), _key_pem(key)


def write_private(path: Path, data: bytes) -> None:
    """Write a key file that only its owner may read; an existing file is replaced."""
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    aside.replace(path)


def peer_of(
    proof: Mapping[str, Iterable[bytes]] | bytes, trust: Trust, now: datetime.datetime | None = None
) -> PeerName:
    """The name of a peer, proven.

    Args:
        proof: gRPC's authentication context, or the certificate itself (DER or PEM).

    Raises:
        PeerRefusedError: no certificate, no or several names, outside its time, unknown trust domain, or not
            signed by the authority of the trust domain in its name.
    """
    data = proof if isinstance(proof, bytes) else next(iter(proof.get("x509_pem_cert", ())), b"")
    if not data:
        raise PeerRefusedError(why="no certificate")
    try:
        pem = data.lstrip().startswith(b"-----")
        leaf = x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
    except MALFORMED:
        raise PeerRefusedError(why="malformed certificate") from None
    peer = _named(leaf, now)
    if not any(_signed(leaf, authority) for authority in trust.of(peer.trust_domain)):
        raise PeerRefusedError(why="not signed by the authority of its name", peer=peer.trust_domain)
    return peer


def _named(leaf: x509.Certificate, now: datetime.datetime | None) -> PeerName:
    """Whom a certificate names now, whoever signed it. Raises PeerRefusedError."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uris = names.get_values_for_type(x509.UniformResourceIdentifier)
        constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
        begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    except MALFORMED:
        raise PeerRefusedError(why="malformed certificate") from None
    peer = _parse_name(uris)
    moment = now or datetime.datetime.now(datetime.UTC)
    if constraints.ca or not begin <= moment <= end:
        raise PeerRefusedError(why="outside its time, or an authority", peer=peer.trust_domain)
    return peer


def _parse_name(uris: list[str]) -> PeerName:
    scheme, _, rest = uris[0].partition("://") if len(uris) == 1 else ("", "", "")
    domain, _, process = rest.partition("/")
    if scheme != "spiffe" or not _DOMAIN.fullmatch(domain) or not _PROCESS.fullmatch(process):
        raise PeerRefusedError(why="not one name")
    return PeerName(domain, process)


def _signed(leaf: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(authority)
    except (InvalidSignature, UnsupportedAlgorithm, TypeError, *MALFORMED):
        return False
    return True


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    valid_days: float,
    now: datetime.datetime | None,
) -> x509.CertificateBuilder:
    start = now or datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - BACKDATED)
        .not_valid_after(start + datetime.timedelta(days=valid_days))
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _require(pattern: re.Pattern[str], text: str) -> None:
    if not pattern.fullmatch(text):
        raise ValueError("malformed trust domain or process name")
