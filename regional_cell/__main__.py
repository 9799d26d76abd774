"""`python -P -m regional_cell --config FILE [--migrate] [--process N]` runs a process of a cell; `migrate`
only migrates, `verify` holds the files of a stopped cell against each other.

`verify` prints a line for each finding and gives exit code 1 when there is one. Settings with faults,
missing keys and a store of another schema are printed, and give exit code 2.
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from accord.errors import ColinkError
from accord.runtime import logs, serve
from accord.runtime.settings import EXIT_CODE, SettingsError, load
from regional_cell.adapters.sql import schema_version
from regional_cell.bootstrap.cell import run
from regional_cell.bootstrap.verification import verify
from regional_cell.settings import CellSettings

# Processes beside the first wait so long for it to migrate.
MIGRATION_S_MAX = 20.0


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    asked = _parser().parse_args(arguments)
    secrets = os.environ.get("COLINK_SECRETS_DIR")
    secrets_dir = Path(secrets) if secrets else None
    try:
        settings = load(CellSettings, asked.config, os.environ, secrets_dir)
        logs.configure("cell", settings.node.name, asked.log_level)
        settings.node.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if asked.command == "migrate" or asked.migrate:
            version = schema_version.migrate(settings.sql_url)
            if asked.command == "migrate":
                sys.stdout.write(f"the store has schema {version}\n")
                return 0
        if asked.command == "verify":
            findings = asyncio.run(verify(settings))
            sys.stdout.writelines(f"{finding}\n" for finding in findings or ["sound"])
            return 1 if findings else 0
    except (SettingsError, schema_version.SchemaError, ColinkError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_CODE

    async def live(lifespan: serve.Lifespan) -> None:
        try:
            await _await_schema(settings, asked.process)
            await run(settings, secrets_dir, lifespan, asked.process)
        except schema_version.SchemaError as error:
            raise SettingsError([f"stores.sql_url: {error}"]) from None
        except OSError as error:
            if error.filename is None:
                raise
            raise SettingsError([f"{error.filename}: {error.strerror}"]) from None

    return serve.run(live)


async def _await_schema(settings: CellSettings, process: int) -> None:
    """The first process of a cell migrates; those beside it wait for that."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + (MIGRATION_S_MAX if process else 0)
    while True:
        try:
            schema_version.require_current(settings.sql_url)
            return
        except schema_version.SchemaError:
            if loop.time() >= until_s:
                raise
        await asyncio.sleep(0.2)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="regional_cell", description="One process of a cell.")
    parser.add_argument("command", nargs="?", choices=("run", "migrate", "verify"), default="run")
    parser.add_argument("--config", type=Path, default=os.environ.get("COLINK_CONFIG"), help="TOML file")
    parser.add_argument("--migrate", action="store_true", help="bring the store up to date before running")
    parser.add_argument("--process", type=int, default=0, help="number among the processes of this cell")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    return parser


if __name__ == "__main__":
    sys.exit(main())
