"""Doors of the edge: HTTP and sockets. They parse and print; services decide."""
