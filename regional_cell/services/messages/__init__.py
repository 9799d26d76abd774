"""Messages: posting and changing them (`posting`), reading them back as objects (`reading`).

Imported by entrypoints and bootstrap.
"""
