"""Every parser and every rpc of the product against what nobody meant to write."""
