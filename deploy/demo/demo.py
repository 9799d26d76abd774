"""`colink demo`: start a whole federation on this machine, seed it, and run until it is told to stop.

It stops on SIGINT, SIGTERM, `colink stop`, and at the end of standard input when that is a pipe. Then no
process is left,
and no file either unless `--keep` asked for it.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import stat
import sys
import threading
from typing import Any

from accord.errors import ColinkError
from deploy.demo import control, registry
from deploy.demo.api import ApiError
from deploy.demo.catalogue import SITES, edge_names
from deploy.demo.federation import Federation, version
from deploy.demo.layout import MARK, Layout, hold, temporary, write_secret
from deploy.demo.loading import load
from deploy.demo.options import Options, OptionsRefusedError, parse, refuse
from deploy.demo.ports import PortTakenError, table
from deploy.demo.processes import NotReadyError, resident_mib
from deploy.demo.ready import ready_line
from deploy.demo.residents import Residents, SeededUser
from deploy.demo.screen import Screen
from deploy.demo.seed import workspaces
from deploy.demo.seeding import BOT_SCOPES, Seeder, SeedRefusedError, issue_tokens, scopes_of

FAILED, INTERRUPTED = 1, 130


def main(arguments: list[str]) -> int:
    """Run a demo. Returns the exit status: 0 after a wanted end, 1 when it could not start, 2 when it was
    refused.
    """
    try:
        options = parse(arguments)
        sites = [SITES[name] for name in options.cells]
        edges = [edge for site in sites for edge in edge_names(site, options.edges)]
        ports = table(
            options.port_base, list(options.cells), options.processes, edges, any_port=options.any_port
        )
    except (OptionsRefusedError, PortTakenError) as error:
        return refuse(str(error))
    layout = Layout(options.keep or temporary())
    if (
        options.keep
        and layout.data_dir.exists()
        and any(layout.data_dir.iterdir())
        and not (layout.data_dir / MARK).is_file()
    ):
        return refuse(f"--keep: {layout.data_dir} is not empty and not the data folder of a demo")
    layout.data_dir.mkdir(parents=True, exist_ok=True)
    held = hold(layout.data_dir)
    if held is None:
        return refuse(f"--keep: a demo runs on {layout.data_dir}; stop it first")
    screen = Screen(as_json=options.as_json)
    demo = Demo(
        options,
        layout,
        Federation(layout, options, ports, screen, lambda child, code: screen.exited(child.name, code)),
        screen,
    )
    try:
        return asyncio.run(demo.run())
    finally:
        if options.keep is None:
            shutil.rmtree(layout.data_dir, ignore_errors=True)
        os.close(held)
        screen.stopped()


class Demo:
    """One run of the demo."""

    def __init__(self, options: Options, layout: Layout, federation: Federation, screen: Screen) -> None:
        self._options = options
        self._layout = layout
        self._federation = federation
        self._screen = screen
        self._residents = Residents()
        self._stopping = asyncio.Event()

    async def run(self) -> int:
        """Start, serve companions, stop. Returns the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopping.set)
        self._watch_standard_input(loop)
        kept = "kept" if self._options.keep else "temporary, deleted on exit (--keep DIR keeps it)"
        python = sys.version.split()[0]
        self._screen.headline(
            f"colink {version()} demo · Python {python} · data: {self._layout.data_dir}, {kept}\n"
        )
        starting = asyncio.create_task(self._start())
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not starting.done():
                starting.cancel()
                await asyncio.wait({starting})
                return 0
            line = await starting
            await self._serve(stopping, line)
        except (NotReadyError, SeedRefusedError, ColinkError, ApiError, OSError) as error:
            sys.stderr.write(f"colink demo: {error}\n")
            return FAILED
        finally:
            stopping.cancel()
            await self._federation.stop()
        return 0

    async def _start(self) -> dict[str, Any]:
        self._screen.started("certificates")
        await asyncio.to_thread(self._federation.prepare)
        self._screen.ready(
            "certificates",
            None,
            f"demo authorities, {len(self._federation.processes.children)} service identities",
        )
        await self._federation.start()
        kept = self._layout.data_dir / "secrets.json"
        if kept.is_file():
            self._residents = Residents.from_json(json.loads(kept.read_text(encoding="utf-8")))
            await self._mint_again()
        else:
            self._residents = await self._seed()
        write_secret(kept, json.dumps(self._residents.to_json()).encode())
        load_file = await self._load()
        officers = await self._federation.officers()
        return ready_line(self._federation, self._residents, officers, version(), load_file)

    async def _seed(self) -> Residents:
        details: list[str] = []
        self._screen.started("seed")
        homes = {site.name: site.jurisdiction for site in self._federation.sites}
        seeder = Seeder(self._federation.operator, self._federation.doors(), details.append)
        residents = await seeder.seed(workspaces(homes, self._options.seed))
        self._screen.ready("seed", None, details[-1])
        return residents

    async def _mint_again(self) -> None:
        """New tokens for the residents of a kept demo; the old ones stay in force until revoked."""
        self._screen.started("seed")
        doors, operator = self._federation.doors(), self._federation.operator
        for workspace in self._residents.workspaces:
            by_scopes: dict[tuple[str, ...], list[SeededUser]] = {}
            for user in self._residents.users:
                if user.workspace == workspace.name:
                    by_scopes.setdefault(scopes_of(user.roles), []).append(user)
            for scopes, users in by_scopes.items():
                tokens = await issue_tokens(
                    operator, doors[workspace.home], workspace.id, [u.user_id for u in users], scopes
                )
                for user, token in zip(users, tokens, strict=True):
                    user.token = token
            for app in (app for app in self._residents.apps if app.workspace == workspace.name):
                minted = await issue_tokens(
                    operator, doors[workspace.home], workspace.id, [app.bot_user_id], BOT_SCOPES
                )
                app.bot_token = minted[0]
        self._screen.ready("seed", None, "kept from an earlier start; tokens minted anew")

    async def _load(self) -> str | None:
        if not self._options.load:
            return None
        details: list[str] = []
        file = self._layout.data_dir / "load.json"
        if not file.is_file():
            self._screen.started("seed", "load")
            first = self._options.cells[0]
            await load(
                self._federation.operator,
                self._federation.doors()[first],
                self._options.load,
                file,
                details.append,
            )
            self._screen.ready("seed", "load", details[-1])
        return str(file)

    async def _serve(self, stopping: "asyncio.Task[bool]", line: dict[str, Any]) -> None:
        """Answer companions until stopping. Whoever reads the ready line is answered by the next command."""
        server = await control.serve(self._layout.control, self._handle)
        registry.add(registry.Running(os.getpid(), self._layout.data_dir, self._layout.control))
        try:
            self._screen.show(line)
            await stopping
        finally:
            registry.remove(os.getpid())
            server.close()
            with contextlib.suppress(FileNotFoundError):
                self._layout.control.unlink()

    async def _handle(self, request: dict[str, Any]) -> dict[str, Any]:
        """One request of a companion. Raises control.RefusedError."""
        actions = {
            "status": self._status,
            "stop": self._stop,
            "start": self._start_one,
            "kill": self._kill,
            "logs": self._logs,
            "token": self._token,
        }
        action = actions.get(str(request.get("do")))
        if action is None:
            raise control.RefusedError("unknown request")
        try:
            return await action(request)
        except KeyError as error:
            names = ", ".join(self._federation.processes.children)
            raise control.RefusedError(f"there is no process {error.args[0]!r}; there are {names}") from None
        except NotReadyError as error:
            raise control.RefusedError(str(error)) from None

    async def _status(self, request: dict[str, Any]) -> dict[str, Any]:
        del request
        children = list(self._federation.processes.children.values())

        async def row(child: Any) -> dict[str, Any]:
            state = "stopped"
            if child.is_running:
                try:
                    await self._federation.processes.ready(child, 1.0)
                    state = "ready"
                except NotReadyError:
                    state = "not ready"
            return {
                "name": child.name,
                "plane": child.plane,
                "state": state,
                "pid": child.pid,
                "address": child.ready_url.removesuffix("/readyz"),
                "log": str(child.log),
            }

        rows = await asyncio.gather(*(row(child) for child in children))
        memory = await asyncio.to_thread(resident_mib, [child.pid for child in children if child.pid])
        return {"data_dir": str(self._layout.data_dir), "memory_mib": round(memory, 1), "processes": rows}

    async def _stop(self, request: dict[str, Any]) -> dict[str, Any]:
        del request
        asyncio.get_running_loop().call_later(0.05, self._stopping.set)
        return {"pid": os.getpid()}

    async def _start_one(self, request: dict[str, Any]) -> dict[str, Any]:
        began_s = asyncio.get_running_loop().time()
        children = await self._federation.start_again(str(request["name"]))
        return {"pid": children[0].pid, "took_s": round(asyncio.get_running_loop().time() - began_s, 3)}

    async def _kill(self, request: dict[str, Any]) -> dict[str, Any]:
        number = int(request["signal"])
        children = [child for child in self._federation.named(str(request["name"])) if child.is_running]
        if not children:
            raise control.RefusedError(f"{request['name']} does not run")
        pids = [child.pid for child in children]
        for child in children:
            self._federation.processes.signal(child, number, asked=False)
        if number == signal.SIGKILL:
            await asyncio.gather(*(child.process.wait() for child in children if child.process))
        return {"pids": pids}

    async def _logs(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"file": str(self._federation.named(str(request["name"]))[0].log)}

    async def _token(self, request: dict[str, Any]) -> dict[str, Any]:
        wanted, workspace = str(request["person"]).lower(), request.get("workspace")
        found = [
            user
            for user in self._residents.users
            if user.handle == wanted and (workspace is None or user.workspace == workspace)
        ]
        if not found:
            raise control.RefusedError(
                f"there is no person {wanted!r}" + (f" in {workspace}" if workspace else "")
            )
        return {"token": found[0].token, "workspace": found[0].workspace, "user_id": found[0].user_id}

    def _watch_standard_input(self, loop: asyncio.AbstractEventLoop) -> None:
        """The end of a piped standard input is a wish to stop; a terminal or a file is not."""
        if sys.stdin is None or not stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
            return

        def wait() -> None:
            while os.read(sys.stdin.fileno(), 65_536):
                pass
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._stopping.set)

        threading.Thread(target=wait, name="standard-input", daemon=True).start()
