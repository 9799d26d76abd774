"""The one fold: how each kind of event changes the views of its resident's log.

Used alike by the write path, by catching up, by rebuilding and by copies, so all of them converge.
"""
