"""Commands for the whole suite: processes, and a client of the bus. No Django here."""
