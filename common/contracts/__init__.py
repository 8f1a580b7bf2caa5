"""The contracts, one module for each service that answers them.

Frozen, keyword-only structs without Django or messaging in them, so that another
team could vendor this package alone. Unknown fields are ignored when decoding, which
lets either side add a field first. `values.py` has the kinds of fields.
"""
