"""A durable saga: work of several steps that survives whatever stops in the middle.

models.py        the row, which is the task list, too, and the rows of its history
leases.py        who carries a saga on now, and when it is due again
transitions.py   how its status changes, each time by one conditional update
history.py       writing down what was done and tried
steps.py         asking a service for a step or its compensation
orchestrator.py  carries sagas on: steps, compensations, deadlines, retries
signals.py       sent after a transition, for whoever else wants to know
sweeper.py       takes up rows that are due; for other rows than sagas, too
timeline.py      the history, for people
"""
