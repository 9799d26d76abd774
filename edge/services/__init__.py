"""What the edge does with its facts, through ports alone. A service never imports another."""
