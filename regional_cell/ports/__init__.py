"""Promises that the services of a cell rely on; adapters keep them, each with an embedded and, later, a real
engine.

Every method is asynchronous unless it says that it neither waits nor touches a disk. Errors are those of
`accord.errors`; a store that cannot answer raises NotReadyError or StorageFullError and has written nothing.
"""
