"""``codehost init``: a commented starter configuration from what pip and uv on a machine use."""
