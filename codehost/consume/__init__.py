"""A consumer of the feed: a folder of clones, or an engine that is told, in step with ``codehost serve``."""
