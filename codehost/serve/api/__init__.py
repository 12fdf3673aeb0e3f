"""The API under ``/api/v1``: endpoints, and the document that describes them."""
