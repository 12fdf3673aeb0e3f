"""One release through the stages: read this file first."""
