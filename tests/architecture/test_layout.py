"""Same rooms in every plane, and tests that stand where their source stands."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tests.architecture.sources import GENERATED, PACKAGES, PLANES, ROOT, modules, tracked, walked

ROOMS = ("__main__", "adapters", "bootstrap", "domain", "entrypoints", "ports", "services", "settings")


def lacking_rooms(plane: str, files: Iterable[str]) -> list[str]:
    """The rooms that a plane does not have, as a module or as a package."""
    present = {
        PurePosixPath(file).relative_to(plane).parts[0] for file in files if file.startswith(f"{plane}/")
    }
    return [f"{plane}.{room}" for room in ROOMS if not {room, f"{room}.py"} & present]


def lacking_inits(files: Iterable[str], tops: Iterable[str]) -> list[str]:
    """Folders above Python files that lack `__init__.py`; without it `tests/edge` would shadow `edge`."""
    known = set(files)
    folders = {
        parent
        for file in known
        if file.endswith(".py") and file.partition("/")[0] in tops
        for parent in PurePosixPath(file).parents
        if parent.parts
    }
    return sorted(f"{folder}/__init__.py" for folder in folders if f"{folder}/__init__.py" not in known)


def astray(files: Iterable[str]) -> Iterator[str]:
    """Test modules below `tests/<package>/` whose folder mirrors no folder of the source."""
    known = {PurePosixPath(file) for file in files}
    folders = {parent for file in known for parent in file.parents}
    for file in sorted(known):
        parts = file.parts
        if len(parts) > 2 and parts[0] == "tests" and parts[1] in PACKAGES and file.name.startswith("test_"):
            place = PurePosixPath(*parts[1:-1])
            mirrored = place in folders or place.with_suffix(".py") in known
            if not mirrored and not place.is_relative_to(GENERATED):
                yield f"{file}: there is no {place} in the source"


def names() -> list[str]:
    """Every file of the project."""
    return [file.as_posix() for file in tracked()]


def test_every_plane_has_the_same_rooms() -> None:
    assert not [room for plane in PLANES for room in lacking_rooms(plane, names())]


def test_every_folder_of_python_is_a_package() -> None:
    assert not lacking_inits(names(), (*PACKAGES, "tests"))


def test_tests_stand_where_their_source_stands() -> None:
    assert not list(astray(names()))


def silent(path: str, text: str) -> Iterator[str]:
    """Tests in a file that pytest does not collect: they would never run."""
    file = PurePosixPath(path)
    if not file.name.startswith("test_"):
        yield from (
            f"{path}: {name} never runs" for name in re.findall(r"^(?:async )?def (test_\w+)", text, re.M)
        )


def test_every_test_is_in_a_file_that_is_collected() -> None:
    assert not [fault for path, text in modules("tests") for fault in silent(path, text)]


def test_a_lacking_room_is_found() -> None:
    files = [f"edge/{room}.py" for room in ROOMS if room != "ports"]
    assert lacking_rooms("edge", files) == ["edge.ports"]
    assert not lacking_rooms("edge", [*files, "edge/ports/log.py"])


def test_a_lacking_init_is_found() -> None:
    files = ["tests/edge/domain/test_a.py", "tests/edge/__init__.py"]
    assert lacking_inits(files, ("tests",)) == ["tests/__init__.py", "tests/edge/domain/__init__.py"]


def test_a_test_astray_is_found() -> None:
    source = ["edge/domain/routes.py", "edge/ports.py"]
    assert list(astray([*source, "tests/edge/domains/test_routes.py"]))
    assert not list(astray([*source, "tests/edge/domain/test_routes.py", "tests/flows/test_search.py"]))


def test_a_test_that_never_runs_is_found() -> None:
    text = "async def test_a(): ...\ndef other(): ...\n"
    assert list(silent("tests/edge/helpers.py", text)) == ["tests/edge/helpers.py: test_a never runs"]
    assert not list(silent("tests/edge/test_helpers.py", text))


def test_without_git_the_same_files_are_found() -> None:
    assert {file for file in walked(ROOT) if file.suffix == ".py"} == {
        file for file in tracked() if file.suffix == ".py"
    }
