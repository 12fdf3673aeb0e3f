"""The composition root: the only place where parts are wired together. A module for each kind of command."""
