"""The tutorials do what they say: each is run as it stands, against a demo of its own."""

import os
import shutil
from pathlib import Path

import pytest

from deploy import environment
from tests.docs.pages import Place, follow, free_base, mend, run, steps
from tests.support.federation import STOP_S, RunningDemo

TUTORIALS = environment.ROOT / "docs" / "tutorials"


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("name", sorted(page.name for page in TUTORIALS.glob("*.md")))
def test_every_block_of_the_tutorial_does_what_it_says(name: str, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    base = free_base()
    with RunningDemo("--port-base", str(base), any_port=False) as demo:
        follow(TUTORIALS / name, tmp_path, Place(base, demo.ready["data_dir"]))
        assert demo.process.wait(STOP_S) == 0
    assert not os.path.exists(demo.ready["data_dir"])


def test_a_page_that_promises_too_much_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\necho one\n```\n\n```text\ntwo\n```\n")
    with pytest.raises(AssertionError, match="one"):
        follow(page, tmp_path, Place())


@pytest.mark.parametrize("block", ["```sh\nfalse\n```\n", "```sh refused\ntrue\n```\n"])
def test_a_block_that_ends_otherwise_than_the_page_says_is_found(block: str, tmp_path: Path) -> None:
    (step,) = steps(block)
    with pytest.raises(AssertionError, match=r"true|false"):
        run(step, tmp_path, {}, Place())


def test_a_change_of_lines_that_are_not_there_is_found(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1\nb: 2\n")
    mend(file, "-b: 2\n+b: 3\n")
    assert file.read_text() == "a: 1\nb: 3\n"
    with pytest.raises(AssertionError, match="0 times"):
        mend(file, "-b: 2\n+b: 4\n")
