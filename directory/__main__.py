"""`python -P -m directory --config FILE [--migrate]` runs the directory; `migrate` only migrates.

Settings with faults, a store of another schema and policies with findings are printed, and give exit code 2.
"""

import argparse
import os
import sys
from pathlib import Path

from accord.errors import ColinkError
from accord.runtime import logs, serve
from accord.runtime.settings import EXIT_CODE, SettingsError, load
from directory import bootstrap
from directory.adapters.sql import schema_version
from directory.settings import DirectoryPlaneSettings
from residency_policies.errors import PolicyError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    asked = _parser().parse_args(arguments)
    secrets = os.environ.get("COLINK_SECRETS_DIR")
    try:
        settings = load(
            DirectoryPlaneSettings, asked.config, os.environ, Path(secrets) if secrets is not None else None
        )
        logs.configure("directory", settings.node.name, asked.log_level)
        if asked.command == "migrate":
            return _migrate(settings)
    except (SettingsError, schema_version.SchemaError, ColinkError) as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_CODE

    async def live(lifespan: serve.Lifespan) -> None:
        try:
            await bootstrap.run(settings, lifespan, asked.migrate)
        except schema_version.SchemaError as error:
            raise SettingsError([f"stores.sql_url: {error}"]) from None
        except PolicyError as error:
            raise SettingsError([f"policies: {finding}" for finding in error.findings]) from None

    return serve.run(live)


def _migrate(settings: DirectoryPlaneSettings) -> int:
    engines = bootstrap.open_store(settings)
    try:
        version = schema_version.migrate(engines)
    finally:
        engines.close()
    sys.stdout.write(f"the store has schema {version}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="directory", description="The directory of a federation.")
    parser.add_argument("command", nargs="?", choices=("run", "migrate"), default="run")
    parser.add_argument("--config", type=Path, help="TOML file with the settings")
    parser.add_argument("--migrate", action="store_true", help="bring the store up to date before running")
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), default="info")
    return parser


if __name__ == "__main__":
    sys.exit(main())
