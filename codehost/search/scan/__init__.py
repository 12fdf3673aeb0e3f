"""Search without an index: every file of every repository in question is read, in child processes."""
