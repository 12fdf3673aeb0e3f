"""Members to git objects, a packfile and a bare repository."""
