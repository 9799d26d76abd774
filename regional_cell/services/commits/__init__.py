"""The group-commit writer of a process: queue, states held in memory, batches. For bootstrap alone; others
know the port.

Not for: deciding anything (domain/commands), storing anything (adapters).
"""
