"""`GET /directory/v1/bundles/active` and `/{version}`: which policies are in force, and which were."""

import json
from typing import Annotated

from fastapi import APIRouter, Path

from accord.encoding import b64url
from accord.errors import NotFoundError, NotReadyError
from directory.domain.bundles import SignedBundle
from directory.services.bundles import BundleService


def bundle_routes(bundles: BundleService) -> APIRouter:
    """Version, hash, signature and the documents themselves, which are public inside a federation."""
    routes = APIRouter(prefix="/directory/v1")

    @routes.get("/bundles/active")
    async def read_active() -> dict[str, object]:
        active, settled = await bundles.look()
        if active is None:
            raise NotReadyError(what="bundle")
        return _shown(active, settled)

    @routes.get("/bundles/{version}")
    async def read_bundle(version: Annotated[int, Path(ge=1, le=2**53)]) -> dict[str, object]:
        """One that is or was in force: decisions name their bundle."""
        found, settled = await bundles.look(version)
        if found is None:
            raise NotFoundError(thing="bundle")
        return _shown(found, settled)

    return routes


def _shown(bundle: SignedBundle, settled: int) -> dict[str, object]:
    return {
        "version": bundle.version,
        "settled_version": settled,
        "sha256": bundle.digest.hex(),
        "key_id": bundle.key_id,
        "signature": b64url(bundle.signature),
        "bundle": json.loads(bundle.bundle),
    }
