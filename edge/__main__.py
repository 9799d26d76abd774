"""`python -P -m edge --config FILE`: one edge process."""

import argparse
import os
import sys
from pathlib import Path

from accord.runtime.logs import configure
from accord.runtime.serve import run
from accord.runtime.settings import EXIT_CODE, SettingsError, load
from edge.bootstrap import serve
from edge.settings import EdgeSettings


def main() -> int:
    """Read settings, serve until asked to end; the exit code."""
    parser = argparse.ArgumentParser(prog="edge", description=__doc__)
    parser.add_argument("--config", type=Path, default=os.environ.get("COLINK_CONFIG"))
    options = parser.parse_args()
    secrets = os.environ.get("COLINK_SECRETS_DIR")
    secrets_dir = Path(secrets) if secrets else None
    try:
        settings = load(EdgeSettings, options.config, os.environ, secrets_dir)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_CODE
    configure("edge", settings.node.name)
    return run(lambda lifespan: serve(settings, secrets_dir, lifespan))


if __name__ == "__main__":
    sys.exit(main())
