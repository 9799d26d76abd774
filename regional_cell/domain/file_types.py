"""Types of files: by their names, and the words that the API has for them."""

import mimetypes

BINARY = "application/octet-stream"
PREVIEW_BYTES = 3_000
PREVIEW_LINES = 5
_TEXT_TYPES = frozenset(
    {"application/json", "application/xml", "application/javascript", "application/x-yaml"}
)
# Extension to (filetype, pretty_type, mimetype where the standard table has none).
_KNOWN: dict[str, tuple[str, str, str]] = {
    "txt": ("text", "Plain Text", ""),
    "md": ("markdown", "Markdown (raw)", "text/markdown"),
    "py": ("python", "Python", ""),
    "js": ("javascript", "JavaScript", "text/javascript"),
    "ts": ("typescript", "TypeScript", "text/x-typescript"),
    "json": ("json", "JSON", ""),
    "csv": ("csv", "CSV", ""),
    "html": ("html", "HTML", ""),
    "xml": ("xml", "XML", ""),
    "yaml": ("yaml", "YAML", "application/x-yaml"),
    "yml": ("yaml", "YAML", "application/x-yaml"),
    "pdf": ("pdf", "PDF", ""),
    "png": ("png", "PNG", ""),
    "jpg": ("jpg", "JPEG", ""),
    "jpeg": ("jpg", "JPEG", ""),
    "gif": ("gif", "GIF", ""),
    "webp": ("webp", "WebP", "image/webp"),
    "svg": ("svg", "SVG", "image/svg+xml"),
    "mp3": ("mp3", "MP3", ""),
    "mp4": ("mp4", "MPEG 4 Video", ""),
    "zip": ("zip", "Zip", ""),
    "gz": ("gzip", "Gzip", "application/gzip"),
    "docx": ("docx", "Word Document", ""),
    "xlsx": ("xlsx", "Excel Spreadsheet", ""),
    "pptx": ("pptx", "PowerPoint Presentation", ""),
}
CATEGORIES = ("images", "snippets", "pdfs", "zips", "others")
_BY_NAME = mimetypes.MimeTypes()


def mimetype_of(name: str) -> str:
    """The type that the file's name says; octets when it says none."""
    known = _KNOWN.get(_extension(name), ("", "", ""))[2]
    return known or _BY_NAME.guess_type(name.rpartition("/")[2])[0] or BINARY


def filetype_of(name: str, snippet_type: str = "") -> tuple[str, str]:
    """(filetype, pretty_type) as the API names them."""
    if snippet_type:
        return snippet_type, snippet_type.title()
    extension = _extension(name)
    if extension in _KNOWN:
        return _KNOWN[extension][:2]
    return (extension, extension.upper()) if extension else ("binary", "Binary")


def category_of(name: str, snippet_type: str = "") -> str:
    """One of `CATEGORIES`, by which lists of files are sifted."""
    mimetype = mimetype_of(name)
    if snippet_type:
        return "snippets"
    if mimetype.startswith("image/"):
        return "images"
    return {"application/pdf": "pdfs", "application/zip": "zips", "application/gzip": "zips"}.get(
        mimetype, "others"
    )


def is_text(mimetype: str) -> bool:
    """Whether people can read it as it is."""
    return mimetype.startswith("text/") or mimetype in _TEXT_TYPES


def preview_of(head: bytes) -> str:
    """The first lines of a text; empty when the bytes are none."""
    if b"\0" in head:
        return ""
    text = head[:PREVIEW_BYTES].decode("utf-8", "ignore")
    return "\n".join(text.splitlines()[:PREVIEW_LINES])


def _extension(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return (
        extension.lower()
        if stem and dot and extension.isascii() and extension.isalnum() and len(extension) <= 10
        else ""
    )
