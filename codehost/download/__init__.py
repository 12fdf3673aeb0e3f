"""Distribution files, verified, in the spool."""
