"""Every parser of the product against bytes that nobody meant to write."""
