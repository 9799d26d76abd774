"""The door for operators who look after a cell: status and drain. Imported by bootstrap alone."""
