"""What a cell does: each module one feature, over ports and domain. Services never import services."""
