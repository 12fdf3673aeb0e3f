"""Lock files and requirements files of other tools: their text to pins for ``dependencies``. Opens no connections."""
