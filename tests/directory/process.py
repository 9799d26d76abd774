"""A directory as a process of its own, over TLS, with certificates made for the test."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from accord.identity import SigningKey
from accord.runtime.mtls import Authority, MtlsFiles, Trust, issue, make_authority, write_private

ROOT = Path(__file__).resolve().parents[2]
FEDERATION = "test"
START_S = 30.0


def free_port() -> int:
    """A port that nobody has now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Directory:
    """Files of one directory in `folder`, and its process while it runs."""

    folder: Path
    sql_url: str = ""
    authorities: dict[str, Authority] = field(default_factory=dict)
    routes_key: SigningKey = field(default_factory=SigningKey.generate)
    bundle_key: SigningKey = field(default_factory=SigningKey.generate)
    log_key: SigningKey = field(default_factory=SigningKey.generate)
    process: subprocess.Popen[bytes] | None = None

    def write(self) -> "Directory":
        """Certificates, key files and settings."""
        self.grpc, self.http = free_port(), free_port()
        for name in ("trust", "secrets", "data"):
            (self.folder / name).mkdir()
        for node in ("directory", "operator"):
            self.make_authority(node, trusted=True)
        certificate, private = issue(self.authorities["directory"], "directory", f"directory.{FEDERATION}")
        (self.folder / "directory.pem").write_bytes(certificate)
        write_private(self.folder / "directory.key", private)
        (self.folder / "ca.pem").write_bytes(self.authorities["directory"].cert_pem)
        signing = (("routes", self.routes_key), ("bundle", self.bundle_key), ("log", self.log_key))
        for name, key in signing:
            write_private(self.folder / "secrets" / f"keys__{name}_seed", key.seed().hex().encode())
        write_private(self.folder / "secrets" / "keys__officers_key", os.urandom(32).hex().encode())
        self.config.write_text(self.settings())
        return self

    @property
    def config(self) -> Path:
        return self.folder / "directory.toml"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.grpc}"

    def settings(self) -> str:
        here = self.folder.as_posix()
        return f"""
[node]
name = "directory"
plane = "directory"
federation = "{FEDERATION}"
data_dir = "{here}/data"

[listen]
grpc = "127.0.0.1:{self.grpc}"
http = "127.0.0.1:{self.http}"

[mtls]
ca_file = "{here}/ca.pem"
certificate_file = "{here}/directory.pem"
key_file = "{here}/directory.key"
trust_dir = "{here}/trust"

[stores]
sql_url = "{self.sql_url}"
"""

    def make_authority(self, node: str, *, trusted: bool = False) -> Authority:
        domain = f"{node}.{FEDERATION}"
        self.authorities[node] = make_authority(node, domain)
        if trusted:
            (self.folder / "trust" / f"{domain}.pem").write_bytes(self.authorities[node].cert_pem)
        return self.authorities[node]

    def client(self, node: str, process: str) -> tuple[MtlsFiles, Trust]:
        """Certificate of a peer, and its trust in the directory."""
        certificate, key = issue(self.authorities[node], process, f"{node}.{FEDERATION}")
        trust = Trust({f"directory.{FEDERATION}": self.authorities["directory"].cert_pem})
        return MtlsFiles(certificate, key), trust

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        return subprocess.run(
            self._command(*arguments),
            env=self._environment(),
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=START_S,
            check=False,
        )

    def start(self, *arguments: str) -> None:
        """Start, and wait until both faces listen; fails the test with its output when it ends instead."""
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            self._command(*arguments), env=self._environment(), cwd=ROOT, stderr=log, stdout=log
        )
        log.close()
        until_s = time.monotonic() + START_S
        while True:
            if self.process.poll() is not None:
                raise AssertionError((self.folder / "log").read_text())
            try:
                for port in (self.grpc, self.http):
                    socket.create_connection(("127.0.0.1", port), 0.2).close()
                return
            except OSError:
                assert time.monotonic() < until_s, "did not start in time"
                time.sleep(0.05)

    def kill(self) -> None:
        """As the machine would: no chance to clean up."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(10)

    def stop(self) -> int:
        """Ask to drain; the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(12)

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-P", "-m", "directory", "--config", str(self.config), *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        secrets = str(self.folder / "secrets")
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "COLINK_SECRETS_DIR": secrets,
            "COLINK_END_WITH_PARENT": "1",
        }
