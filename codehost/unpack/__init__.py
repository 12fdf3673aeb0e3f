"""Archives to members. An archive is only ever read, never extracted to disk."""
