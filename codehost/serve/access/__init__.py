"""Who may reach what: tokens, names of the server, requests from other sites, proxies in front."""
