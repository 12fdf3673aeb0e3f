"""Reading the repositories that this program has written, without git and without a process."""
