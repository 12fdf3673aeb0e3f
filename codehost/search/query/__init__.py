"""The query language, pure: text to tree, and a tree against one document."""
