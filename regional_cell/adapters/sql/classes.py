"""What the cell's database keeps, by data class: every column of every table; a test compares it with the
schema.

The classes of views come from the registry, those of the store's own tables stand here.
"""

from regional_cell.domain.views.registry import VIEWS, View

_META = "workspace_meta"


def _all(data_class: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), data_class)


def _view(view: View) -> dict[str, str]:
    names = ["resident", *view.key, *view.columns]
    return {
        name: view.content_class if view.columns.get(name) == "content" else view.data_class for name in names
    }


CLASSES: dict[str, dict[str, str]] = {
    "residents": _all(_META, "resident kind epoch state head clock_us establishment subjects tags")
    | _all("enc_key", "key_id"),
    # Payloads of all kinds rest here, sealed; each kind's own class stands in `domain.events.KINDS`.
    "events": _all(_META, "resident sequence epoch kind schema at_us principal key_id commitment topics")
    | _all("message_body", "sealed"),
    "data_keys": _all("enc_key", "resident key_id wrapped"),
    "tickets_spent": _all("token", "ticket until_s"),
    "claims": _all(_META, "lease residents at_s"),
    "traffic": _all("telemetry", "number start_s shadow flows position"),
    "traffic_differences": _all("telemetry", "number start_s shadow flows position")
    | _all(_META, "data_class what rule"),
    "traffic_kinds": _all(_META, "kind number"),
    "traffic_state": _all("telemetry", "only_one since_us numbers position until_s"),
    "schema_version": _all(_META, "version_num"),
    **{view.name: _view(view) for view in VIEWS.values()},
}
"""Table to column to data class."""
