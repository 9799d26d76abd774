"""The import contracts of `pyproject.toml` hold, and every one of them can break."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import PLANES, ROOT, pyproject

# One planted import per contract, in the order of the contracts: the file and the line that breaks it.
PLANTED = (
    ("directory/adapters/planes.py", "import regional_cell.ports"),
    ("directory/ports/rooms.py", "import directory.services.one"),
    ("accord/errors.py", "import accord.runtime"),
    ("edge/domain/driver.py", "import fastapi"),
    ("accord/ids.py", "import pydantic"),
    ("edge/services/one.py", "import edge.services.two"),
    ("edge/adapters/one.py", "import edge.adapters.two"),
    ("edge/adapters/two.py", "import edge.adapters.one"),
)


def lint(root: Path) -> subprocess.CompletedProcess[str]:
    """Run the linter on the tree below root, which has a pyproject.toml."""
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    return subprocess.run(
        [sys.executable, "-P", "-c", program],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def contracts() -> list[str]:
    """The names of the contracts."""
    return [contract["name"] for contract in pyproject()["tool"]["importlinter"]["contracts"]]


def skeleton(root: Path) -> None:
    """An empty tree with every module that the contracts name."""
    (root / "pyproject.toml").write_text(
        (ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    settings = pyproject()["tool"]["importlinter"]
    inside = next(c for c in settings["contracts"] if c.get("containers") == ["accord"])
    facts = re.findall(r"\w+", " ".join(inside["layers"]))
    rooms = ("__main__", "bootstrap", "adapters", "entrypoints", "services", "ports", "domain")
    packages = [*settings["root_packages"], *(f"{plane}/{room}" for plane in PLANES for room in rooms)]
    packages += [f"accord/{fact}" for fact in facts if fact in ("runtime", "wire")]
    for package in packages:
        (root / package).mkdir(parents=True, exist_ok=True)
        (root / package / "__init__.py").touch()
    for fact in set(facts) - {"runtime", "wire"}:
        (root / "accord" / f"{fact}.py").touch()
    for plane in PLANES:
        (root / plane / "services" / "one.py").touch()
        (root / plane / "services" / "two.py").touch()


def test_the_import_contracts_hold() -> None:
    done = lint(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_contract_breaks_when_violated(tmp_path: Path) -> None:
    skeleton(tmp_path)
    clean = lint(tmp_path)
    assert clean.returncode == 0, clean.stdout + clean.stderr
    for file, line in PLANTED:
        (tmp_path / file).write_text(line + "\n", encoding="utf-8")
    broken = lint(tmp_path).stdout
    assert [name for name in contracts() if not re.search(re.escape(name) + r"\s+BROKEN", broken)] == [], (
        broken
    )
