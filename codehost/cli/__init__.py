"""The commands; thin. A module for each kind of command, put together in ``main``."""
