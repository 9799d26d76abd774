"""What the directory keeps, by data class: a table of every column, compared with the schema by a test.

Invariants
    1. No class here is of content, derived from content, or readable identity: the directory cannot leak what
       it never holds. Names stand as blind indexes alone (`identifier_blind`), under keys that are elsewhere.
    2. The one exception are officers' own credentials: names that operators made up, password hashes, second
       factors. They are in one table, and nothing of users is.
"""

_META = "workspace_meta"
_LINK = "federation_link"


def _all(data_class: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), data_class)


CLASSES: dict[str, dict[str, str]] = {
    "counters": _all(_META, "name value"),
    "route_versions": _all(_META, "version"),
    "placements": _all(
        _META,
        "resident kind cell epoch bundle_version version handover establishment subjects tags idempotency_key"
        " digest",
    ),
    "tombstones": _all(_META, "resident cell epoch version"),
    "reported_epochs": _all(_META, "resident cell epoch"),
    "cells": _all(_LINK, "name jurisdiction region addresses state operator version")
    | _all("signing_key", "authority"),
    "edges": _all(_LINK, "name jurisdiction region url version"),
    # Public halves only.
    "keys": _all("signing_key", "key_id cell purposes public_key not_before_s not_after_s state version"),
    "cell_reports": _all("telemetry", "cell software state bundle_version announced_s free_bytes held_bytes")
    | _all("transfer_ledger", "checkpoint"),
    "leases": _all(_META, "lease_id cell jurisdiction state expires_s"),
    "claims": _all(_META, "jurisdiction attribute key_id resident lease_id")
    | _all("identifier_blind", "blind_index"),
    "bundles": _all(_META, "version bundle key_id signature activated_s"),
    "acknowledgements": _all("telemetry", "node bundle_version acknowledged_s")
    | _all("transfer_ledger", "checkpoint"),
    "first_acknowledgements": _all("telemetry", "bundle_version node acknowledged_s")
    | _all("transfer_ledger", "checkpoint"),
    "officers": _all(
        "credential",
        "name roles jurisdictions state password_hash totp_sealed last_step failures locked_until_s enrolment"
        " enrolment_until_s",
    ),
    "officer_sessions": _all("token", "digest officer opened_s expires_s"),
    "revisions": _all(
        _META,
        "number document version counsel hash canonical jurisdictions state findings submitted_s analysis"
        " activate_s pilot base_version bundle_version rolls_back",
    )
    | _all("audit_log", "author"),
    "approvals": _all("audit_log", "revision hash officer roles approved_s"),
    "policy_log": _all("audit_log", "seq open sealed salt note"),
    "policy_log_nodes": _all("audit_log", "level place hash"),
    "halts": _all(_META, "number scope value halted_s until_s lifted_s")
    | _all("audit_log", "reason author approver"),
    "orders": _all(_META, "version orders key_id signature"),
    "traffic_reports": _all("telemetry", "cell since_us position until_s"),
    "traffic_kinds": _all(_META, "cell number kind"),
    "traffic": _all("telemetry", "cell number start_s shadow flows"),
    "traffic_differences": _all("telemetry", "cell number start_s shadow flows")
    | _all(_META, "data_class what rule"),
    "shadows": _all(_META, "sha256 revision version bundle key_id signature begun_s ended_s"),
    "shadow_acknowledgements": _all(_META, "shadow node refused acknowledged_s"),
    "unlawful": _all("telemetry", "cell bundle_version refused read_only reported_s") | _all(_META, "listed"),
    "alembic_version": _all(_META, "version_num"),
}
"""Table to column to data class."""
