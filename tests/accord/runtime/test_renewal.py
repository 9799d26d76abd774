"""Certificates and trust that are renewed while a process runs."""

import datetime
from pathlib import Path

import pytest

from accord.runtime.mtls import MtlsFiles, Trust, issue, make_authority
from accord.runtime.renewal import Renewal, load_own
from accord.runtime.settings import MtlsSettings

OURS, OTHERS = "de-fra.demo", "us-iad.demo"
OLD, NEW, OTHER = make_authority("old", OURS), make_authority("new", OURS), make_authority("other", OTHERS)
LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


class Process:
    """The files of a process, and what it makes of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "trust").mkdir()
        self.trust_is(OLD.cert_pem)
        (folder / "trust" / f"{OTHERS}.pem").write_bytes(OTHER.cert_pem)
        (folder / "ca.pem").write_bytes(OLD.cert_pem)
        self.put(issue(OLD, "cell", OURS))
        self.settings = MtlsSettings(
            ca_file=folder / "ca.pem",
            certificate_file=folder / "certificate.pem",
            key_file=folder / "key.pem",
            trust_dir=folder / "trust",
        )
        self.own: MtlsFiles
        self.trust: Trust
        self.own, self.trust = load_own(self.settings)
        self.told: list[tuple[bool, bool]] = []
        self._renewal = Renewal(self.settings, self.own, self.trust, lambda *what: self.told.append(what))

    def put(self, pair: tuple[bytes, bytes]) -> None:
        for name, data in zip(("certificate", "key"), pair, strict=True):
            (self.folder / f"{name}.pem").write_bytes(data)

    def trust_is(self, pem: bytes) -> None:
        (self.folder / "trust" / f"{OURS}.pem").write_bytes(pem)

    def look(self) -> list[tuple[bool, bool]]:
        """What is told after one look."""
        self.told.clear()
        self._renewal.look()
        return list(self.told)


@pytest.fixture
def process(tmp_path: Path) -> Process:
    return Process(tmp_path)


def test_a_new_certificate_is_taken_and_told_once(process: Process) -> None:
    assert process.look() == []
    pair = issue(OLD, "cell", OURS)
    process.put(pair)
    assert process.look() == [(True, False)]
    assert (process.own.certificate_pem, process.own.key_pem) == pair
    assert process.look() == []


def test_an_authority_goes_over_to_another_with_both_believed_meanwhile(process: Process) -> None:
    process.trust_is(OLD.cert_pem + NEW.cert_pem)
    assert process.look() == [(False, False)]
    process.put(issue(NEW, "cell", OURS))
    assert process.look() == [(True, False)]
    process.trust_is(NEW.cert_pem)
    assert process.look() == [(False, True)]
    assert len(process.trust.of(OURS)) == 1


@pytest.mark.parametrize(
    "pair",
    [
        issue(OLD, "cell", OURS, now=LONG_AGO),
        issue(NEW, "cell", OURS),
        issue(OLD, "other", OURS),
        issue(OTHER, "cell", OTHERS),
        (issue(OLD, "cell", OURS)[0], issue(OLD, "cell", OURS)[1]),
        (b"-----BEGIN", b""),
    ],
    ids=["run out", "of nobody believed", "another process", "another cell", "half of it", "broken"],
)
def test_what_proves_nothing_is_not_taken(process: Process, pair: tuple[bytes, bytes]) -> None:
    before = process.own.certificate_pem, process.own.key_pem
    process.put(pair)
    assert process.look() == []
    assert (process.own.certificate_pem, process.own.key_pem) == before


def test_without_files_a_process_keeps_what_it_has(process: Process) -> None:
    for path in [*process.folder.glob("*.pem"), *process.folder.glob("trust/*.pem")]:
        path.unlink()
    assert process.look() == []
    assert process.trust.domains() == (OURS, OTHERS)


def test_trust_that_is_changed_by_others_is_told(process: Process) -> None:
    process.trust.admit({"jp-nrt.demo": make_authority("third", "jp-nrt.demo").cert_pem})
    assert process.look() == [(False, False)]
    process.trust.admit({})
    assert process.look() == [(False, True)]
