"""One process of a plane started by itself, with the files that a demo made for it, or with some of them
spoilt.
"""

import shutil
import signal
import socket
import subprocess
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy import environment
from deploy.demo.toml import to_toml
from tests.directory.process import free_port
from tests.support.asking import status_of
from tests.support.federation import RunningDemo

FOLDERS = {"directory": "directory", "regional_cell": "cells/in-bom", "edge": "edges/bom"}
START_S = 120.0
Settings = dict[str, dict[str, Any]]


class Alone:
    """Files of one process in a folder of its own: other ports, empty data, a directory that is not there."""

    def __init__(self, demo: RunningDemo, plane: str, folder: Path) -> None:
        self.plane, self.folder = plane, folder
        source = demo.data_dir / FOLDERS[plane]
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("secrets", "tls"):
            shutil.copytree(source / name, folder / name)
        settings: Settings = tomllib.loads((source / "config.toml").read_text("utf-8"))
        settings["node"]["data_dir"] = str(folder / "data")
        for name in ("certificate_file", "key_file"):
            settings["mtls"][name] = str(folder / "tls" / Path(settings["mtls"][name]).name)
        settings["listen"] = {name: f"127.0.0.1:{free_port()}" for name in settings["listen"]}
        settings.pop("public", None)
        if plane != "directory":
            settings["directory"]["addresses"] = [f"127.0.0.1:{free_port()}"]
        (folder / "data").mkdir()
        self.config = folder / "config.toml"
        self.config.write_text(to_toml(settings), encoding="utf-8")
        listen = settings["listen"]
        self.grpc = str(listen.get("grpc", ""))
        self.http = f"http://{listen.get('http') or listen.get('health')}"

    def command(self) -> list[str]:
        """As the demo starts it."""
        extra = () if self.plane == "edge" else ("--migrate",)
        return environment.module_command(self.plane, "--config", str(self.config), *extra)

    def environ(self, **more: str) -> dict[str, str]:
        """As the demo sets it."""
        secrets = {"COLINK_SECRETS_DIR": str(self.folder / "secrets"), "COLINK_END_WITH_PARENT": "1"}
        return {**environment.module_environ(), **secrets, **more}

    def refused(self, command: list[str] | None = None) -> tuple[int | None, str]:
        """Start, and wait for it to end by itself; (status, standard error). None: it went on running."""
        process = subprocess.Popen(
            command or self.command(),
            env=self.environ(),
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            while process.poll() is None:
                if self._listens():
                    return None, ""
                time.sleep(0.2)
            assert process.stderr is not None
            return process.returncode, process.stderr.read()
        finally:
            process.kill()
            process.wait()

    @contextmanager
    def running(
        self,
        command: list[str] | None = None,
        environ: Mapping[str, str] | None = None,
        without: tuple[str, ...] = (),
    ) -> Iterator[subprocess.Popen[bytes]]:
        """The process while it runs; it answers on its ports, which is not to say that it is ready.

        Args:
            environ: further variables.
            without: variables of this environment that it does not get.
        """
        log = (self.folder / "log").open("wb")
        given = {
            name: value for name, value in self.environ(**(environ or {})).items() if name not in without
        }
        process = subprocess.Popen(
            command or self.command(), env=given, cwd=self.folder, stdout=log, stderr=log
        )
        try:
            until_s = time.monotonic() + START_S
            while not self._listens():
                assert process.poll() is None, (self.folder / "log").read_text()
                assert time.monotonic() < until_s, "did not start in time"
                time.sleep(0.1)
            yield process
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
            log.close()

    def _listens(self) -> bool:
        """Whether it is alive and takes calls of other planes, which it does somewhat later."""
        if status_of(self.http + "/livez") != 200:
            return False
        if self.grpc:
            host, _, port = self.grpc.rpartition(":")
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
            except OSError:
                return False
        return True


Spoil = Callable[[Path], object]
SPOILT: dict[str, Spoil] = {
    "missing": lambda path: path.unlink(),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 2]),
}
