"""`GET /directory/v1/cells`: who belongs to the federation."""

from fastapi import APIRouter

from directory.services.cells import CellService


def cell_routes(cells: CellService) -> APIRouter:
    """Cells and edges by name, without authorities and keys."""
    routes = APIRouter(prefix="/directory/v1")

    @routes.get("/cells")
    async def list_cells() -> dict[str, object]:
        everybody = await cells.look()
        return {
            "cells": [
                {
                    "name": it.cell.name,
                    "jurisdiction": it.cell.jurisdiction,
                    "region": it.cell.region,
                    "operator": it.cell.operator,
                    "state": it.cell.state.value,
                    "residents": it.residents,
                    "software": it.report.software if it.report else None,
                    "bundle_version": it.report.bundle_version if it.report else None,
                    "announced_s": it.report.announced_s if it.report else None,
                }
                for it in everybody.cells
            ],
            "edges": [
                {"name": it.name, "jurisdiction": it.jurisdiction, "region": it.region, "url": it.url}
                for it in everybody.edges
            ],
            "bundle_version": everybody.bundle_version,
        }

    return routes
