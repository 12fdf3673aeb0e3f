"""Following the feed: cursors, waiting for news together, server-sent events."""
