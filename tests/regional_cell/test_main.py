"""A cell that lacks something does not start: it says everything that is wrong and ends with 2."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.regional_cell.cells import make_site

ROOT = Path(__file__).parents[2]


def start(folder: Path, *arguments: str, secrets: bool = True) -> subprocess.CompletedProcess[str]:
    """Run the program until it ends."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COLINK_")}
    environ |= {"COLINK_SECRETS_DIR": str(folder / "secrets")} if secrets else {}
    environ["PYTHONPATH"] = str(ROOT)
    command = [
        sys.executable,
        "-P",
        "-m",
        "regional_cell",
        *arguments,
        "--config",
        str(folder / "config.toml"),
    ]
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    "name", ["keys__signing_seed", "keys__cell_key", "keys__ledger_seed", "lookup_keys.json"]
)
def test_a_cell_without_one_of_its_keys_does_not_start(tmp_path: Path, name: str) -> None:
    make_site(tmp_path)
    (tmp_path / "secrets" / "lookup_keys.json").write_text("[]")
    (tmp_path / "secrets" / name).unlink()
    ended = start(tmp_path)
    assert ended.returncode == 2
    assert name.removeprefix("keys__").removesuffix(".json") in ended.stderr


def test_a_key_never_stands_in_what_is_said_about_it(tmp_path: Path) -> None:
    make_site(tmp_path)
    (tmp_path / "secrets" / "keys__cell_key").write_text("not a key but still a secret")
    ended = start(tmp_path)
    assert ended.returncode == 2
    assert "still a secret" not in ended.stderr + ended.stdout


def test_a_cell_whose_store_was_not_migrated_does_not_start(tmp_path: Path) -> None:
    make_site(tmp_path)
    (tmp_path / "data" / "cell.db").unlink()
    (tmp_path / "secrets" / "lookup_keys.json").write_text(
        '[{"attribute":"email","jurisdiction":"DE","key_id":"e","key":"' + "A" * 43 + '"},'
        '{"attribute":"slug","jurisdiction":"DE","key_id":"s","key":"' + "A" * 43 + '"}]'
    )
    ended = start(tmp_path)
    assert ended.returncode == 2
    assert "migrate" in ended.stderr
    assert start(tmp_path, "migrate").returncode == 0
