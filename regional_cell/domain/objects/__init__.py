"""Public shapes: what the API shows of channels, messages, users and files, and what sockets are told.

Built from view rows and events; nothing here decides who may see it.
"""
