"""Pages for people: what a search engine's hits link to. Plain HTML, made here, that works without scripts."""
