"""Documents that are shipped: mandatory floors, advisory packs, default policies of the built-in cells.

Engineering material and no legal advice; every pack says when its facts were last checked and how sure they
are.
"""

from functools import lru_cache
from importlib import resources
from typing import Final

from residency_policies.decision import Region

# Floors that a bundle cannot be without; a policy can add packs and remove none.
MANDATORY_FLOORS: Final = (
    "floor/eea", "floor/gb", "floor/ch", "floor/us-coc", "floor/ca-qc", "floor/br", "floor/in",
    "floor/tr", "floor/sa", "floor/ae", "floor/il",
    "floor/jp", "floor/kr", "floor/sg", "floor/au", "floor/nz",
    "floor/id", "floor/vn", "floor/th", "floor/my",
    "floor/ng", "floor/za", "floor/ke", "floor/kz",
)  # fmt: skip
# Packs that count only where a policy names them.
ADVISORY_PACKS: Final = ("pack/ca", "pack/ph", "pack/qa", "pack/us-ca")
# Packs that can be read and analysed, and never be in force for anybody.
REFERENCE_PACKS: Final = ("floor/cn", "floor/ru")
_POLICY_FILES: Final = ("de.yaml", "us.yaml", "in.yaml", "sg.yaml", "br.yaml")
BUILTIN_REGIONS: Final = (
    Region("eu-central-1", "DE"),
    Region("us-east-1", "US"),
    Region("ap-south-1", "IN"),
    Region("ap-southeast-1", "SG"),
    Region("sa-east-1", "BR"),
)


@lru_cache(maxsize=1)
def builtin_floors() -> tuple[str, ...]:
    """Texts of the mandatory floors, in the order of MANDATORY_FLOORS."""
    return tuple(map(_pack, MANDATORY_FLOORS))


@lru_cache(maxsize=1)
def builtin_packs() -> tuple[str, ...]:
    """Texts of the mandatory floors and the advisory packs: what every bundle holds."""
    return builtin_floors() + tuple(map(_pack, ADVISORY_PACKS))


@lru_cache(maxsize=1)
def reference_packs() -> tuple[str, ...]:
    """Texts of the packs that no bundle in force may hold, in the order of REFERENCE_PACKS."""
    return tuple(map(_pack, REFERENCE_PACKS))


@lru_cache(maxsize=1)
def builtin_policies() -> tuple[str, ...]:
    """Texts of the default policies for DE, US, IN, SG and BR, one per establishment."""
    folder = resources.files("residency_policies.packs").joinpath("policies")
    return tuple(folder.joinpath(name).read_text("utf-8") for name in _POLICY_FILES)


def builtin_documents() -> tuple[str, ...]:
    """Packs and default policies: a complete set for a bundle."""
    return builtin_packs() + builtin_policies()


def _pack(name: str) -> str:
    file = name.replace("/", "-") + ".yaml"
    return resources.files("residency_policies.packs").joinpath(file).read_text("utf-8")
