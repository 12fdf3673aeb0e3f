"""python -m codehost."""
