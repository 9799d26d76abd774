"""Certificates and trust that are renewed while a process runs: what its files say is read again and again.

    renewal = Renewal(settings.mtls, own, trust, renewed)
    await renewal.run()

Invariants
    1. What is read is taken as a whole or not at all: half-written files, another key, another name, or a
       time that is not now leave the process with what it has.
    2. A server takes up what is renewed with the next handshake. What else is open is told by `renewed`.
"""

import asyncio
from collections.abc import Callable

from accord.errors import PeerRefusedError
from accord.runtime.logs import get_logger
from accord.runtime.mtls import MtlsFiles, Trust, peer_of, read_authorities
from accord.runtime.settings import MtlsSettings, SettingsError

LOOK_S = 2.0


class Renewal:
    """Keeps a process's own certificate and its trust as its files are.

    Args:
        settings: where the files are.
        own, trust: as they were read at the start; they are changed in place.
        renewed: told of a change of either, however trust was changed: is the own certificate another one,
            and is somebody not believed any more.
    """

    def __init__(
        self,
        settings: MtlsSettings,
        own: MtlsFiles,
        trust: Trust,
        renewed: Callable[[bool, bool], None] = lambda own, withdrawn: None,
    ) -> None:
        self._settings, self._own, self._trust, self._renewed = settings, own, trust, renewed
        self._name = own.name()
        self._seen = self._versions()
        self._found, self._refused = b"", ("", b"")

    async def run(self) -> None:
        """For ever."""
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        """Read everything once, and take what can be taken."""
        refused = "; ".join(filter(None, (self._look_at_trust(), self._look_at_own())))
        if refused and (refused, self._found) != self._refused:
            get_logger().warning("renewal_refused", why=refused)
        self._refused = refused, self._found
        seen, self._seen = self._seen, self._versions()
        if self._seen != seen:
            own, trust, withdrawn = (now != before for now, before in zip(self._seen, seen, strict=True))
            if own:
                get_logger().info("own_certificate_renewed")
            if trust:
                get_logger().info("trust_renewed", count=self._trust.count)
            self._renewed(own, withdrawn)

    def _versions(self) -> tuple[int, int, int]:
        return self._own.version, self._trust.version, self._trust.withdrawals

    def _look_at_own(self) -> str:
        """Why the own files are not taken; empty when they are."""
        try:
            found = MtlsFiles.load(self._settings.certificate_file, self._settings.key_file)
        except OSError as error:
            return f"mtls: {error.strerror or 'not readable'}"
        self._found = found.certificate_pem
        if faults := found.faults() or unbelieved(found, self._trust):
            return ", ".join(faults)
        if found.name() != self._name:
            return "mtls.certificate_file: another name"
        self._own.replace(found)
        return ""

    def _look_at_trust(self) -> str:
        try:
            self._trust.replace(read_authorities(self._settings.trust_dir))
        except OSError as error:
            return f"mtls.trust_dir: {error.strerror or 'not readable'}"
        except PeerRefusedError as error:
            return f"mtls.trust_dir: {error.metadata['why']}"
        return ""


def unbelieved(files: MtlsFiles, trust: Trust) -> list[str]:
    """Why not even we would believe this certificate; none also when our own authority is not among those
    that we are told of.
    """
    if not trust.of(files.name().trust_domain):
        return []
    try:
        peer_of(files.certificate_pem, trust)
    except PeerRefusedError:
        return ["mtls.certificate_file: not signed by the authority of its name"]
    return []


def load_own(settings: MtlsSettings) -> tuple[MtlsFiles, Trust]:
    """A plane's own certificate and key, and whom it believes.

    Raises:
        SettingsError: a file is missing, cannot be read or does not belong to the others; a plane does not
            start without one of them.
    """
    faults: list[str] = []
    for name in ("certificate_file", "key_file", "ca_file"):
        if not getattr(settings, name).is_file():
            faults.append(f"mtls.{name}: no such file")
    try:
        trust = Trust.load(settings.trust_dir)
    except (OSError, PeerRefusedError):
        faults.append("mtls.trust_dir: no authorities in it")
    if faults:
        raise SettingsError(faults)
    try:
        files = MtlsFiles.load(settings.certificate_file, settings.key_file)
    except OSError as error:
        raise SettingsError([f"mtls: {error.strerror or 'not readable'}"]) from None
    if faults := files.faults() or unbelieved(files, trust):
        raise SettingsError(faults)
    return files, trust
