"""What to add, keep and retire: a pure comparison of wanted and recorded."""
