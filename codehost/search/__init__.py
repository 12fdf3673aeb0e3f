"""Search over the repositories: what is asked, what matches, and the engine that answers."""
