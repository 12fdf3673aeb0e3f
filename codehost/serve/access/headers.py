"""The headers that every answer has, whoever makes it. Pure."""

ALWAYS = {
    # The versions of Python and of libraries are nobody's business.
    "Server": "codehost",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# Of an answer that says nothing else: nothing in it runs, no page has it in a frame, and nobody keeps it.
OTHERWISE = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
