"""Names in certificates."""

import base64
import datetime
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from accord.errors import PeerRefusedError
from accord.runtime.mtls import (
    Authority,
    MtlsFiles,
    PeerName,
    Trust,
    issue,
    make_authority,
    peer_of,
    write_private,
)
from accord.runtime.renewal import load_own
from accord.runtime.settings import MtlsSettings, SettingsError

OURS, OTHERS = "de-fra.demo", "us-iad.demo"
AUTHORITIES = {domain: make_authority(domain, domain) for domain in (OURS, OTHERS)}
TRUST = Trust({domain: authority.cert_pem for domain, authority in AUTHORITIES.items()})
NOW = datetime.datetime.now(datetime.UTC)


def test_a_name_is_proven_by_its_own_authority() -> None:
    certificate, _ = issue(AUTHORITIES[OURS], "gateway", OURS)
    assert peer_of(certificate, TRUST) == PeerName(OURS, "gateway")
    assert peer_of({"x509_pem_cert": [certificate]}, TRUST).node == "de-fra"
    der = x509.load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)
    assert str(peer_of(der, TRUST)) == "spiffe://de-fra.demo/gateway"


def test_no_authority_names_the_processes_of_another() -> None:
    certificate, _ = issue(AUTHORITIES[OTHERS], "gateway", OURS)
    with pytest.raises(PeerRefusedError):
        peer_of(certificate, TRUST)


def test_an_authority_with_our_name_and_another_key_proves_nothing() -> None:
    impostor = make_authority(OURS, OURS)
    with pytest.raises(PeerRefusedError):
        peer_of(issue(impostor, "gateway", OURS)[0], TRUST)


def test_a_certificate_below_a_leaf_proves_nothing() -> None:
    leaf = Authority(*issue(AUTHORITIES[OURS], "gateway", OURS))
    with pytest.raises(PeerRefusedError):
        peer_of(issue(leaf, "gateway", OURS)[0], TRUST)


def test_an_authority_is_no_process() -> None:
    for certificate in (
        AUTHORITIES[OURS].cert_pem,
        _certificate(["spiffe://de-fra.demo/a"], authority_itself=True),
    ):
        with pytest.raises(PeerRefusedError):
            peer_of(certificate, TRUST)


@pytest.mark.parametrize("days", [-1, 91])
def test_a_certificate_holds_only_in_its_time(days: int) -> None:
    certificate, _ = issue(AUTHORITIES[OURS], "gateway", OURS, now=NOW)
    with pytest.raises(PeerRefusedError):
        peer_of(certificate, TRUST, NOW + datetime.timedelta(days=days))


@pytest.mark.parametrize(
    "uris",
    [[], ["spiffe://de-fra.demo/a", "spiffe://de-fra.demo/b"], ["https://de-fra.demo/a"], ["spiffe://de-fra.demo"],
     ["spiffe://de-fra.demo/a/b"], ["spiffe://DE-FRA.demo/a"], ["spiffe://de-fra/a"]],
)  # fmt: skip
def test_a_certificate_has_exactly_one_well_formed_name(uris: list[str]) -> None:
    with pytest.raises(PeerRefusedError):
        peer_of(_certificate(uris), TRUST)
    assert peer_of(_certificate(["spiffe://de-fra.demo/a"]), TRUST).process == "a"


def _certificate(uris: list[str], *, authority_itself: bool = False) -> bytes:
    authority = AUTHORITIES[OURS]
    issuer = x509.load_pem_x509_certificate(authority.cert_pem)
    key = serialization.load_pem_private_key(authority.key_pem, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    names = [x509.UniformResourceIdentifier(uri) for uri in uris] + [x509.DNSName("localhost")]
    builder = x509.CertificateBuilder(
        issuer.subject, issuer.subject, key.public_key(), 1, NOW, NOW + datetime.timedelta(1)
    )
    builder = builder.add_extension(x509.BasicConstraints(authority_itself, None), True)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), False)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.mark.parametrize("data", [b"", b"x", b"-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"])
def test_no_certificate_is_no_peer(data: bytes) -> None:
    with pytest.raises(PeerRefusedError):
        peer_of(data, TRUST)
    with pytest.raises(PeerRefusedError):
        peer_of({}, TRUST)


def test_a_certificate_of_no_version_that_there_is_is_no_peer_no_authority_and_not_our_own() -> None:
    certificate, key = issue(AUTHORITIES[OURS], "cell", OURS)
    der = x509.load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)
    version = b"\xa0\x03\x02\x01"
    strange = der.replace(version + b"\x02", version + b"\x0a", 1)
    assert strange != der
    text = base64.encodebytes(strange)
    pem = b"-----BEGIN CERTIFICATE-----\n" + text + b"-----END CERTIFICATE-----\n"
    for data in (strange, pem):
        with pytest.raises(PeerRefusedError):
            peer_of(data, TRUST)
    with pytest.raises(PeerRefusedError):
        Trust({OURS: pem})
    assert MtlsFiles(pem, key).faults() == ["mtls.certificate_file: no certificate"]


def test_authorities_sign_leaves_only_and_leaves_sign_nothing() -> None:
    authority = x509.load_pem_x509_certificate(AUTHORITIES[OURS].cert_pem)
    leaf = x509.load_pem_x509_certificate(issue(AUTHORITIES[OURS], "gateway", OURS)[0])
    for certificate, signs in ((authority, True), (leaf, False)):
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert (usage.value.key_cert_sign, usage.value.digital_signature) == (signs, not signs)
        issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
        subject = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        assert issuer.key_identifier == subject.digest
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_a_trust_folder_maps_file_names_to_domains(tmp_path: Path) -> None:
    (tmp_path / f"{OURS}.pem").write_bytes(AUTHORITIES[OURS].cert_pem)
    assert Trust.load(tmp_path).domains() == (OURS,)
    (tmp_path / "Not A Domain.pem").write_bytes(AUTHORITIES[OTHERS].cert_pem)
    with pytest.raises(PeerRefusedError):
        Trust.load(tmp_path)


def test_a_faulty_new_trust_leaves_the_old_one() -> None:
    trust = Trust({OURS: AUTHORITIES[OURS].cert_pem})
    with pytest.raises(PeerRefusedError):
        trust.replace({OTHERS: b"no certificate"})
    assert trust.domains() == (OURS,)
    assert trust.of(OTHERS) == []


def test_keys_are_files_of_their_owner_and_never_shown(tmp_path: Path) -> None:
    certificate, key = issue(AUTHORITIES[OURS], "gateway", OURS)
    write_private(tmp_path / "key.pem", key)
    (tmp_path / "certificate.pem").write_bytes(certificate)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    files = MtlsFiles.load(tmp_path / "certificate.pem", tmp_path / "key.pem")
    assert "PRIVATE" not in f"{files!r} {AUTHORITIES[OURS]!r}"
    with pytest.raises(OSError, match="missing"):
        MtlsFiles.load(tmp_path / "missing.pem", tmp_path / "key.pem")


def _own(folder: Path) -> MtlsSettings:
    certificate, key = issue(AUTHORITIES[OURS], "gateway", OURS)
    (folder / "trust").mkdir()
    (folder / "trust" / f"{OURS}.pem").write_bytes(AUTHORITIES[OURS].cert_pem)
    for name, data in (("ca", AUTHORITIES[OURS].cert_pem), ("certificate", certificate), ("key", key)):
        (folder / f"{name}.pem").write_bytes(data)
    return MtlsSettings(
        ca_file=folder / "ca.pem",
        certificate_file=folder / "certificate.pem",
        key_file=folder / "key.pem",
        trust_dir=folder / "trust",
    )


@pytest.mark.parametrize(
    ("name", "data", "fault"),
    [
        ("key.pem", b"", "mtls.key_file: no private key"),
        (
            "key.pem",
            issue(AUTHORITIES[OURS], "other", OURS)[1],
            "mtls.key_file: not the key of the certificate",
        ),
        ("key.pem", None, "mtls.key_file: no such file"),
        ("certificate.pem", b"-----BEGIN", "mtls.certificate_file: no certificate"),
        ("certificate.pem", None, "mtls.certificate_file: no such file"),
        ("ca.pem", None, "mtls.ca_file: no such file"),
        (f"trust/{OURS}.pem", None, "mtls.trust_dir: no authorities in it"),
    ],
)
def test_a_plane_does_not_start_with_a_file_that_is_missing_or_does_not_fit(
    tmp_path: Path, name: str, data: bytes | None, fault: str
) -> None:
    settings = _own(tmp_path)
    assert load_own(settings)[1].domains() == (OURS,)
    if data is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(SettingsError) as refused:
        load_own(settings)
    assert refused.value.faults == [fault]


def test_the_folder_wins_over_what_is_admitted_from_afar() -> None:
    trust = Trust({OURS: AUTHORITIES[OURS].cert_pem})
    trust.admit({OURS: AUTHORITIES[OTHERS].cert_pem, OTHERS: AUTHORITIES[OTHERS].cert_pem})
    assert trust.bundle_pem(OURS) == AUTHORITIES[OURS].cert_pem
    assert (trust.domains(), trust.withdrawals) == ((OURS, OTHERS), 0)
    trust.replace({OURS: AUTHORITIES[OURS].cert_pem})
    assert (trust.of(OTHERS) != [], trust.withdrawals) == (True, 0)
    trust.admit({})
    assert (trust.of(OTHERS), trust.withdrawals) == ([], 1)
