"""codehost: every Python release an organisation depends on, as a git repository that search engines can read."""

__version__ = "0.1.0"
