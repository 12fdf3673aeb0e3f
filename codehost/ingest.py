"""One distribution file to one bare repository: what runs in a child process."""
