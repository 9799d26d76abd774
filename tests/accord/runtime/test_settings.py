"""Settings."""

from pathlib import Path

import pytest
from pydantic import SecretBytes

from accord.runtime.settings import (
    DirectorySettings,
    LimitsSettings,
    NodeSettings,
    Section,
    SettingsError,
    load,
)

CANARY = "canary-in-the-wrong-place"


class KeySettings(Section):
    """A section with a secret."""

    lookup: SecretBytes


class Settings(Section):
    """What the tests load."""

    node: NodeSettings
    directory: DirectorySettings
    limits: LimitsSettings = LimitsSettings()


class SecretSettings(Section):
    """Settings with a secret."""

    keys: KeySettings


FILE = """
[node]
name = "de-fra"
plane = "cell"
data_dir = "data"
[directory]
addresses = ["127.0.0.1:1"]
[limits]
body_mib_max = 3
"""


def _file(folder: Path, text: str) -> Path:
    path = folder / "colink.toml"
    path.write_text(text)
    return path


def test_environment_beats_file_beats_default(tmp_path: Path) -> None:
    environ = {"COLINK_NODE__NAME": "us-iad", "COLINK_DIRECTORY__ADDRESSES": "a:1, b:2", "PATH": "x"}
    settings = load(Settings, _file(tmp_path, FILE), environ, None)
    assert (settings.node.name, settings.node.trust_domain) == ("us-iad", "us-iad.demo")
    assert settings.directory.addresses == ("a:1", "b:2")
    assert (settings.limits.body_mib_max, settings.limits.file_gib_max) == (3, 1)


def test_all_faults_are_listed_together_and_no_value_is_repeated(tmp_path: Path) -> None:
    environ = {
        "COLINK_NODE__NAME": CANARY.upper(),
        "COLINK_LIMITS__BODY_MIB_MAX": CANARY,
        "COLINK_LIMITS__UNKNOWN": CANARY,
        "COLINK_FEDERATION": CANARY,
    }
    with pytest.raises(SettingsError) as refused:
        load(Settings, _file(tmp_path, FILE.replace('plane = "cell"', "")), environ, None)
    told = " ".join(refused.value.faults)
    for name in ("COLINK_FEDERATION", "node.name", "node.plane", "limits.body_mib_max", "limits.unknown"):
        assert name in told
    assert CANARY not in str(refused.value).lower()


@pytest.mark.parametrize("text", ["[node", "node = 1"])
def test_a_broken_file_is_a_fault(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError):
        load(Settings, _file(tmp_path, text), {}, None)


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        load(Settings, tmp_path / "none.toml", {}, None)


def test_secrets_come_from_files_alone(tmp_path: Path) -> None:
    (tmp_path / "keys__lookup").write_bytes(b"s3cret\n")
    assert load(SecretSettings, None, {}, tmp_path).keys.lookup.get_secret_value() == b"s3cret"
    with pytest.raises(SettingsError) as refused:
        load(SecretSettings, None, {"COLINK_KEYS__LOOKUP": CANARY}, tmp_path)
    assert CANARY not in str(refused.value)
    with pytest.raises(SettingsError):
        load(SecretSettings, None, {}, None)


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = load(Settings, _file(tmp_path, FILE), {}, None)
    with pytest.raises(ValueError, match="frozen"):
        settings.node.name = "other"  # type: ignore[misc]


def test_variables_of_the_runtime_and_of_test_runs_are_no_settings(tmp_path: Path) -> None:
    environ = {"COLINK_END_WITH_PARENT": "1", "COLINK_TEST_POSTGRES_URL": "x", "COLINK_SECRETS_DIR": "x"}
    assert load(Settings, _file(tmp_path, FILE), environ, None).node.name == "de-fra"
