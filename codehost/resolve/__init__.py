"""Project pages to one distribution file for each pin."""
