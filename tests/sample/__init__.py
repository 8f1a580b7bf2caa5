"""A second user of `common`: a hotel, to prove that nothing of orders is in it."""
