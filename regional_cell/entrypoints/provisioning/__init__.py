"""The door for operators who bring first residents into a cell. Imported by bootstrap alone."""
