"""The configuration document: text to violations or a code host."""
