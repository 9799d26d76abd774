"""The ready line: what scripts, tests and clients drive a demo through. Schema 1: add members, never rename
or drop.
"""

from dataclasses import asdict
from typing import Any

from deploy.demo.federation import Federation
from deploy.demo.officers import SeededOfficer
from deploy.demo.residents import Residents

SCHEMA = 1
ENGINES = {
    "sql": "sqlite",
    "history": "sql",
    "live": "local",
    "bus": "log",
    "search": "fts5",
    "files": "folder",
    "keys": "local",
}


def ready_line(
    federation: Federation,
    residents: Residents,
    officers: list[SeededOfficer],
    version: str,
    load_file: str | None,
) -> dict[str, Any]:
    """The members of the `ready` event. It holds secrets: print it to whoever started the demo, keep it
    0600.
    """
    urls = {name: door.edge_url for name, door in federation.doors().items()}
    return {
        "event": "ready",
        "schema": SCHEMA,
        "product": "colink",
        "version": version,
        "data_dir": str(federation.layout.data_dir),
        "ca_file": str(federation.layout.data_dir / "authorities.pem"),
        "directory": federation.directory_member(),
        "cells": [{**member, "engines": dict(ENGINES)} for member in federation.cell_members()],
        "edges": federation.edge_members(),
        "links": federation.links(),
        "organisations": [
            {"id": row.id, "name": row.name, "workspaces": row.workspaces, "admin_token": row.admin_token}
            for row in residents.organisations
        ],
        "workspaces": [
            {
                "id": row.id,
                "name": row.name,
                "home": row.home,
                "channels": row.channels,
                "incoming_webhook_url": urls[row.home] + row.webhook_path if row.webhook_path else None,
            }
            for row in residents.workspaces
        ],
        "people": [
            {
                "name": user.name,
                "email": user.email,
                "password": user.password,
                "user_id": user.user_id,
                "workspace": user.workspace,
                "home": user.home,
                "roles": user.roles,
                "token": user.token,
                "sign_in_url": user.sign_in_url,
            }
            for user in residents.users
        ],
        "apps": [
            {
                "workspace": app.workspace,
                "app_id": app.app_id,
                "bot_user_id": app.bot_user_id,
                "bot_token": app.bot_token,
                "app_token": app.app_token,
                "signing_secret": app.signing_secret,
                "client_id": app.client_id,
                "client_secret": app.client_secret,
            }
            for app in residents.apps
        ],
        # For demonstrations alone: a real officer's password and authenticator are nobody else's.
        "officers": [asdict(it) for it in officers],
        "load": None if load_file is None else {"file": load_file},
    }
