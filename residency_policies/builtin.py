"""Documents that are shipped: mandatory floors and the default policies of the built-in cells.

Engineering material and no legal advice; every floor says when its facts were last checked and how sure they
are.
"""

from functools import lru_cache
from importlib import resources
from typing import Final

from residency_policies.decision import Region

# Floors that a bundle cannot be without; a policy can add packs and remove none.
MANDATORY_FLOORS: Final = ("floor/eea", "floor/in", "floor/us-coc")
_FLOOR_FILES: Final = ("floor-eea.yaml", "floor-in.yaml", "floor-us-coc.yaml")
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
    """Texts of the mandatory floor packs."""
    folder = resources.files("residency_policies.packs")
    return tuple(folder.joinpath(name).read_text("utf-8") for name in _FLOOR_FILES)


@lru_cache(maxsize=1)
def builtin_policies() -> tuple[str, ...]:
    """Texts of the default policies for DE, US, IN, SG and BR, one per establishment."""
    folder = resources.files("residency_policies.packs").joinpath("policies")
    return tuple(folder.joinpath(name).read_text("utf-8") for name in _POLICY_FILES)


def builtin_documents() -> tuple[str, ...]:
    """Floors and default policies: a complete set for a bundle."""
    return builtin_floors() + builtin_policies()
