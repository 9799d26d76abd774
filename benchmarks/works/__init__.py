"""The works: one module each, all with `async def measure(setting) -> Results`, listed in `table.py`."""
