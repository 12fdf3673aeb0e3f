"""The pins that the desk's mirror serves, and one that it does not."""

SIX, ATTRS, MISSING = "six==1.0", "attrs==2.0", "no-such==1.0"
