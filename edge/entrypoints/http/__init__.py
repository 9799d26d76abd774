"""HTTP doors: the Web API as raw ASGI, the rest on FastAPI."""
