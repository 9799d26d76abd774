"""Keys and certificates of a demo: an authority for each trust domain, signing and lookup keys, all made on
the spot.

A cell's authority signs certificates of that cell alone; so does each edge's, the directory's and the
operator's.
"""

import json
import secrets
from dataclasses import dataclass

from accord.encoding import b64url
from accord.runtime.key_files import parse_keys
from accord.runtime.mtls import Authority, MtlsFiles, issue, make_authority
from accord.signing import SigningKey
from deploy.demo.layout import Layout, write_secret

ATTRIBUTES = ("email", "phone", "slug")


@dataclass(frozen=True, slots=True)
class Identity:
    """One process: where its certificate and key were written."""

    trust_domain: str
    folder_name: str


class Authorities:
    """Makes and keeps the keys of one demo; what is there from an earlier start is used again."""

    def __init__(self, layout: Layout, federation: str) -> None:
        self._layout = layout
        self._federation = federation

    def domain(self, name: str) -> str:
        """Trust domain of a cell, an edge or a plane."""
        return f"{name}.{self._federation}"

    def authority(self, name: str) -> Authority:
        """The authority of a trust domain, made when it is not there; its certificate is put into the trust
        folder.
        """
        folder = self._layout.data_dir / "authorities" / self.domain(name)
        certificate, key = folder / "authority.pem", folder / "authority.key"
        if not certificate.is_file():
            made = make_authority(f"{name} of the demo", self.domain(name))
            write_secret(key, made.key_pem)
            write_secret(certificate, made.cert_pem)
        authority = Authority(certificate.read_bytes(), key.read_bytes())
        (self._layout.trust / f"{self.domain(name)}.pem").write_bytes(authority.cert_pem)
        return authority

    def bundle(self) -> None:
        """All authorities in one file, for clients outside (`ca_file` of the ready line)."""
        folder = self._layout.data_dir / "authorities"
        pems = [path.read_bytes() for path in sorted(folder.glob("*/authority.pem"))]
        (self._layout.data_dir / "authorities.pem").write_bytes(b"".join(pems))

    def certificate(self, name: str, process: str, kind: str) -> None:
        """A fresh certificate and key for one process, in `<folder>/tls/`."""
        certificate, key = issue(self.authority(name), process, self.domain(name))
        folder = self._layout.node(kind, name) / "tls"
        write_secret(folder / f"{process}.pem", certificate)
        write_secret(folder / f"{process}.key", key)

    def operator(self) -> MtlsFiles:
        """The operator's own certificate, for this start."""
        certificate, key = issue(self.authority("operator"), "deploy", self.domain("operator"))
        return MtlsFiles(certificate, key)

    def seed(self, kind: str, name: str, file: str) -> SigningKey:
        """The Ed25519 key that a secret file of the process names first, by its seed."""
        path = self._layout.node(kind, name) / "secrets" / file
        if not path.is_file():
            write_secret(path, secrets.token_bytes(32).hex().encode())
        return SigningKey.from_seed(parse_keys(path.read_bytes())[0])

    def random_key(self, kind: str, name: str, file: str) -> None:
        """32 random bytes (64 hex digits) as a secret file of the process."""
        path = self._layout.node(kind, name) / "secrets" / file
        if not path.is_file():
            write_secret(path, secrets.token_bytes(32).hex().encode())

    def lookup_keys(self, jurisdictions: list[str]) -> list[dict[str, str]]:
        """Keys for blind indexes: one for each attribute and jurisdiction. Cells and edges get them, the
        directory not.
        """
        path = self._layout.data_dir / "authorities" / "lookup_keys.json"
        keys: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
        known = {(key["attribute"], key["jurisdiction"]) for key in keys}
        for jurisdiction in jurisdictions:
            for attribute in ATTRIBUTES:
                if (attribute, jurisdiction) not in known:
                    keys.append(
                        {
                            "attribute": attribute,
                            "jurisdiction": jurisdiction,
                            "key_id": f"{attribute}-{jurisdiction.lower()}-{secrets.token_hex(4)}",
                            "key": b64url(secrets.token_bytes(32)),
                        }
                    )
        write_secret(path, json.dumps(keys).encode())
        return keys
