"""The domain: names, releases, jobs, failures and ports. No input or output of any kind."""
