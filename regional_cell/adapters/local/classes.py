"""What the search index keeps, by data class: every column of every table; a test compares it with the
schema.
"""

CLASSES: dict[str, dict[str, str]] = {
    "positions": {"resident": "workspace_meta", "sequence": "workspace_meta"},
    "documents": dict.fromkeys(("id", "resident", "channel", "ts", "user"), "search_index"),
    "words": {"text": "search_index"},
    "grams": {"text": "search_index"},
}
"""Table to column to data class."""
