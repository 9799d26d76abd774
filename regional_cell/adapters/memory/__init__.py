"""The log and the views in this process's memory, for tests and simulations; a second keeper of the same
promises.

Not for: anything that must outlast the process. Imported by tests and by nothing that serves people.
"""
