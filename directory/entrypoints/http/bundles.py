"""`GET /directory/v1/bundles/active`: which policies are in force."""

import json

from fastapi import APIRouter

from accord.encoding import b64url
from accord.errors import NotReadyError
from directory.services.bundles import BundleService


def bundle_routes(bundles: BundleService) -> APIRouter:
    """Version, hash, signature and the documents themselves, which are public inside a federation."""
    routes = APIRouter(prefix="/directory/v1")

    @routes.get("/bundles/active")
    async def read_active() -> dict[str, object]:
        active, settled = await bundles.look()
        if active is None:
            raise NotReadyError(what="bundle")
        return {
            "version": active.version,
            "settled_version": settled,
            "sha256": active.digest.hex(),
            "key_id": active.key_id,
            "signature": b64url(active.signature),
            "bundle": json.loads(active.bundle),
        }

    return routes
