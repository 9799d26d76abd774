"""WebSocket door on a port of its own."""
