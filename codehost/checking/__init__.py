"""The test of the connection to every mirror: is it reached, does it let us in, where is its simple API."""
