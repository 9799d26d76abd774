"""The controlled channel as other cells call it: `accord.wire.cell.v1.ControlledChannel`.

Imported by bootstrap. Who may ask and what is answered is decided in services/search/answering.py.
"""
