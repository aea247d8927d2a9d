"""Remember and prove: an append-only evidence store that can be checked from outside."""
