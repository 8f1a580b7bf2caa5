"""Who may see what: every URL × every method × every kind of visitor.

`python -m tests.access orders` asks one project and prints what differs from the table.
"""
