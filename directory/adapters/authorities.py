"""Proves that a certificate is the authority of one cell's trust domain, with the tools of mutual TLS."""

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from accord.errors import ColinkError, InvalidError
from accord.runtime.mtls import MALFORMED, Trust


class TrustedAuthorities:
    """`directory.ports.Authorities`.

    Args:
        given: authorities that the operator put into the trust folder; admission cannot replace one of them.
        federation: the second half of every trust domain.
    """

    def __init__(self, given: Trust, federation: str) -> None:
        self._given = {domain: _prints(given.of(domain)) for domain in given.domains()}
        self._federation = federation

    def require_of(self, cell: str, authority: bytes) -> None:
        domain = f"{cell}.{self._federation}"
        found = _read(domain, authority)
        try:
            constraints = found.extensions.get_extension_for_class(x509.BasicConstraints).value
            names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            uris = names.get_values_for_type(x509.UniformResourceIdentifier)
            found.verify_directly_issued_by(found)
        except (InvalidSignature, UnsupportedAlgorithm, TypeError, *MALFORMED):
            raise InvalidError(field="authority", why="no self-signed authority") from None
        if not constraints.ca or uris != [f"spiffe://{domain}"]:
            raise InvalidError(field="authority", why="not the authority of this cell")
        if domain in self._given and not _prints([found]) <= self._given[domain]:
            raise InvalidError(field="authority", why="another one was given for this cell")


def _read(domain: str, authority: bytes) -> x509.Certificate:
    try:
        certificates = Trust({domain: authority}).of(domain)
    except ColinkError:
        raise InvalidError(field="authority", why="no PEM certificate") from None
    if len(certificates) != 1:
        raise InvalidError(field="authority", why="one certificate")
    return certificates[0]


def _prints(certificates: list[x509.Certificate]) -> set[bytes]:
    return {it.public_bytes(serialization.Encoding.DER) for it in certificates}
