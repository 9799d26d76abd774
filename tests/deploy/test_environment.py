"""Private environments: whole or absent, built once, entered only when needed."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

import pytest

from deploy import environment, pytest_events, testing
from deploy.environment import EnvironmentRefusedError, is_whole, make, name_of
from deploy.progress import Progress

HASH = "\\\n    --hash=sha256:" + "0" * 64


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock that pins nothing."""
    path = tmp_path / "base.lock"
    path.write_text("# nothing\n")
    return path


@pytest.fixture
def progress() -> Progress:
    """A step that nobody watches."""
    return Progress("environment", as_json=False)


def quick_install(making: Path, lock: Path, log: IO[str], progress: Progress) -> None:
    """Instead of an installation: an interpreter and nothing else, slow enough to collide."""
    time.sleep(0.2)
    environment.interpreter(making).parent.mkdir(parents=True)
    environment.interpreter(making).symlink_to(sys.executable)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Environments are made without an installer."""
    monkeypatch.setattr(environment, "_install", quick_install)


def test_a_real_environment_runs_python_and_installs_by_hash(
    tmp_path: Path, lock: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    place = make("base", lock, tmp_path / "store", progress)
    program = "import sys; print(sys.prefix)"
    ran = subprocess.run(
        [environment.interpreter(place), "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert Path(ran.stdout.strip()) == place


def test_a_failed_installation_leaves_nothing_and_says_why(
    tmp_path: Path, lock: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    lock.write_text(f"no-such-distribution-here==1.0 {HASH}\n")
    with pytest.raises(EnvironmentRefusedError, match="no-such-distribution-here") as refused:
        make("base", lock, tmp_path / "store", progress)
    assert refused.value.exit_status == 1
    assert not [path for path in (tmp_path / "store").iterdir() if path.is_dir()]


@pytest.mark.usefixtures("quick")
def test_a_half_made_environment_is_made_again(tmp_path: Path, lock: Path, progress: Progress) -> None:
    place = tmp_path / name_of("base", lock)
    for half in (place, place.with_name(f"{place.name}.making")):
        (half / "bin").mkdir(parents=True)
        environment.interpreter(half).symlink_to(sys.executable)
        (half / "rubbish").touch()
    assert make("base", lock, tmp_path, progress) == place
    assert is_whole(place)
    assert not (place / "rubbish").exists()
    assert not place.with_name(f"{place.name}.making").exists()


@pytest.mark.usefixtures("quick")
def test_an_environment_whose_interpreter_is_gone_is_made_again(
    tmp_path: Path, lock: Path, progress: Progress
) -> None:
    place = make("base", lock, tmp_path, progress)
    environment.interpreter(place).unlink()
    environment.interpreter(place).symlink_to("/nowhere/python")
    assert not is_whole(place)
    assert is_whole(make("base", lock, tmp_path, progress))


@pytest.mark.usefixtures("quick")
def test_two_starts_build_once(
    tmp_path: Path, lock: Path, progress: Progress, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = [threading.Thread(target=make, args=("base", lock, tmp_path, progress)) for _ in range(3)]
    for start in starts:
        start.start()
    for start in starts:
        start.join(timeout=10)
    said = capsys.readouterr().err
    assert said.count("making (first run only)") == 1
    assert said.count("waiting") == 2


def test_another_lock_is_another_environment(lock: Path) -> None:
    before = name_of("base", lock)
    lock.write_text("# something else\n")
    assert name_of("base", lock) != before
    assert name_of("test", lock) != name_of("base", lock)


def test_commands_carry_no_address(
    tmp_path: Path, lock: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], log: IO[str], progress: Progress) -> int:
        ran.append(command)
        return 1 if "uv" in command[0] and "install" in command else 0

    monkeypatch.setattr(environment, "_run", run)
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}")
    with (tmp_path / "log").open("w+") as log:
        environment._install(tmp_path / "making", lock, log, progress)
    assert len(ran) == 4
    assert all("--require-hashes" in command for command in ran if "install" in command)
    assert not [word for command in ran for word in command if "://" in word or "index" in word]


def test_a_python_without_venv_names_the_package_to_install(
    tmp_path: Path, lock: Path, progress: Progress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(EnvironmentRefusedError, match="apt-get install python3-venv") as refused:
        make("base", lock, tmp_path, progress)
    assert refused.value.exit_status == 2


def test_no_environment_is_made_when_the_interpreter_has_everything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checkout(tmp_path, "# nothing\n")
    monkeypatch.delenv(environment.ENTERED, raising=False)
    monkeypatch.setattr(environment, "make", None)
    environment.enter("base", ["demo"], tmp_path)


@pytest.mark.usefixtures("quick")
def test_a_missing_distribution_leads_into_an_environment_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    checkout(tmp_path, f"no-such-distribution-here==1.0 {HASH}\n")
    monkeypatch.delenv(environment.ENTERED, raising=False)
    entered: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr("os.execve", lambda path, command, environ: entered.append((command, environ)))
    environment.enter("base", ["demo", "--keep", "x"], tmp_path)
    ((command, environ),) = entered
    assert command[1:] == ["-P", "-m", "deploy", "demo", "--keep", "x"]
    assert Path(command[0]).is_relative_to(tmp_path / ".colink")
    assert environ["PYTHONPATH"] == str(tmp_path)
    # Once inside, the check is not made again: a faulty environment cannot start itself for ever.
    monkeypatch.setenv(environment.ENTERED, sys.prefix)
    environment.enter("base", ["demo"], tmp_path)
    assert len(entered) == 1


@pytest.mark.usefixtures("quick")
def test_another_module_than_the_command_can_go_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    checkout(tmp_path, f"no-such-distribution-here==1.0 {HASH}\n")
    monkeypatch.delenv(environment.ENTERED, raising=False)
    entered: list[list[str]] = []
    monkeypatch.setattr("os.execve", lambda path, command, environ: entered.append(command))
    environment.enter("base", ["W1"], tmp_path, module="benchmarks")
    assert entered[0][1:] == ["-P", "-m", "benchmarks", "W1"]


def test_variables_of_the_command_are_no_settings_of_a_plane() -> None:
    """Planes inherit them, and refuse to start on an unknown name under their prefix."""
    for variable in (environment.ENTERED, pytest_events.VARIABLE, testing.LONG):
        assert not variable.startswith("COLINK_")


def test_our_processes_keep_what_they_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert "PYTHONDONTWRITEBYTECODE" not in environment.module_environ()


def test_a_lock_that_is_not_understood_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    checkout(tmp_path, "fastapi>=0\n")
    monkeypatch.delenv(environment.ENTERED, raising=False)
    with pytest.raises(EnvironmentRefusedError, match="not understood"):
        environment.enter("base", ["demo"], tmp_path)


def test_an_installed_package_keeps_environments_in_the_cache_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/cache")
    assert environment.store(tmp_path) == Path("/cache/colink")
    checkout(tmp_path, "")
    assert environment.store(tmp_path) == tmp_path / ".colink"


def checkout(root: Path, lock: str) -> None:
    """The marks of a source checkout."""
    (root / "pyproject.toml").touch()
    (root / "requirements").mkdir()
    (root / "requirements" / "base.lock").write_text(lock)
