"""Settings of a process: read once, typed, frozen; every fault is named before anything starts.

Order: environment `COLINK_<SECTION>__<NAME>` over a TOML file over defaults. Secrets come from files alone: a
field of type `Secret` is read from the file of that name (`<section>__<name>`) in the secrets folder.

Invariants
    1. An unknown name, a missing value and a value of the wrong type are faults; all are listed together.
    2. No fault repeats a value, since it may be a secret in the wrong place.
    3. A plane whose settings have a fault does not start: `main` prints `SettingsError` and exits with 2.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretBytes,
    StringConstraints,
    ValidationError,
)

EXIT_CODE = 2
PREFIX = "COLINK_"
# Read by the runtime itself before there are settings.
RESERVED = frozenset({"COLINK_SECRETS_DIR", "COLINK_CONFIG", "COLINK_END_WITH_PARENT"})
# For test runs; a process that they start inherits it.
RESERVED_PREFIX = "COLINK_TEST_"

T = TypeVar("T", bound=BaseModel)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
Address = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.\-\[\]:]{1,253}:[0-9]{1,5}$")]
Jurisdiction = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]


class SettingsError(Exception):
    """Every fault of the settings, each naming its section, its name and what is wrong, never the value."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("\n".join(["the settings have faults:", *(f"  {fault}" for fault in faults)]))


class Section(BaseModel):
    """Base of every section: frozen, strict about names, silent about values."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class NodeSettings(Section):
    """Who this process is. `jurisdiction` and `region` are of the place where it stands."""

    name: Name
    plane: Literal["directory", "edge", "cell"]
    jurisdiction: Jurisdiction | None = None
    region: Name | None = None
    federation: Name = "demo"
    data_dir: Path
    bundle_age_h_max: int = Field(default=24, ge=1, le=24 * 365)

    @property
    def trust_domain(self) -> str:
        """`<name>.<federation>`: the authority that this process's certificate comes from."""
        return f"{self.name}.{self.federation}"


class ListenSettings(Section):
    """Addresses `host:port`; port 0 lets the system choose. None: not served."""

    grpc: Address | None = None
    http: Address | None = None
    health: Address | None = None
    metrics: Address | None = None


class MtlsSettings(Section):
    """Files of the process's own certificate, and the folder of trusted authorities, `<trust domain>.pem`."""

    ca_file: Path
    certificate_file: Path
    key_file: Path
    trust_dir: Path


def split_commas(value: object) -> object:
    """For lists from the environment: `a:1,b:2` is two addresses."""
    return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value


class DirectorySettings(Section):
    """Where the directory is, and who it must prove to be."""

    addresses: Annotated[tuple[Address, ...], BeforeValidator(split_commas)] = Field(min_length=1)
    trust_domain: str = "directory.demo"
    watch_backoff_s_max: float = Field(default=30, gt=0, le=3600)


class LimitsSettings(Section):
    """What a client may ask for."""

    profile: Literal["default", "test", "off"] = "default"
    body_mib_max: int = Field(default=25, ge=1, le=1024)
    file_gib_max: int = Field(default=1, ge=1, le=1024)


def load(cls: type[T], config: Path | None, environ: Mapping[str, str], secrets_dir: Path | None) -> T:
    """Settings of type `cls`, a model whose fields are sections.

    Args:
        config: TOML file with one table per section, or None.
        environ: usually `os.environ`; names without the prefix are not looked at.
        secrets_dir: folder with one file per `SecretBytes` field, named `<section>__<name>`.

    Raises:
        SettingsError: with every fault.
    """
    faults: list[str] = []
    values = _from_file(config, faults)
    _refuse_secrets(cls, values, "file", faults)
    overrides = _from_environment(environ, faults)
    _refuse_secrets(cls, overrides, "environment", faults)
    _merge(values, overrides)
    _merge(values, _from_secrets(cls, secrets_dir, faults))
    try:
        settings = cls.model_validate(values)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False, include_context=False):
            faults.append(f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg'].lower()}")
        raise SettingsError(faults) from None
    if faults:
        raise SettingsError(faults)
    return settings


def _from_file(config: Path | None, faults: list[str]) -> dict[str, Any]:
    if config is None:
        return {}
    try:
        return tomllib.loads(config.read_text(encoding="utf-8"))
    except OSError as error:
        faults.append(f"{config}: {error.strerror or 'not readable'}")
    except ValueError:
        faults.append(f"{config}: no TOML")
    return {}


def _from_environment(environ: Mapping[str, str], faults: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in RESERVED or name.startswith(RESERVED_PREFIX):
            continue
        section, parted, key = name.removeprefix(PREFIX).lower().partition("__")
        if not parted or not section or not key:
            faults.append(f"{name}: not of the form {PREFIX}<SECTION>__<NAME>")
        else:
            values.setdefault(section, {})[key] = environ[name]
    return values


def _sections(cls: type[BaseModel]) -> dict[str, type[BaseModel]]:
    annotations = {name: field.annotation for name, field in cls.model_fields.items()}
    return {
        name: kind
        for name, kind in annotations.items()
        if isinstance(kind, type) and issubclass(kind, BaseModel)
    }


def _secret_fields(cls: type[BaseModel]) -> list[tuple[str, str]]:
    return [
        (section, name)
        for section, kind in _sections(cls).items()
        for name, field in kind.model_fields.items()
        if field.annotation is SecretBytes or field.annotation == (SecretBytes | None)
    ]


def _refuse_secrets(cls: type[BaseModel], values: dict[str, Any], where: str, faults: list[str]) -> None:
    for section, name in _secret_fields(cls):
        table = values.get(section)
        if isinstance(table, dict) and table.pop(name, None) is not None:
            faults.append(
                f"{section}.{name}: a secret in the {where}; put it into a file of the secrets folder"
            )


def _from_secrets(cls: type[BaseModel], folder: Path | None, faults: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for section, name in _secret_fields(cls):
        path = folder / f"{section}__{name}" if folder is not None else None
        if path is None or not path.exists():
            continue
        try:
            values.setdefault(section, {})[name] = path.read_bytes().rstrip(b"\n")
        except OSError as error:
            faults.append(f"{section}.{name}: {error.strerror or 'not readable'}")
    return values


def _merge(values: dict[str, Any], overrides: dict[str, Any]) -> None:
    for section, table in overrides.items():
        before = values.get(section)
        values[section] = {**before, **table} if isinstance(before, dict) else table
