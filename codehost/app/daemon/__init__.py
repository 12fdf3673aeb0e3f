"""``codehost worker``, wired: loops that follow, work, watch and tidy up, each of which survives the others."""
