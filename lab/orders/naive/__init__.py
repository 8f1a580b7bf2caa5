"""The same six steps as most would write them first: three services over HTTP.

Django, Django REST framework and `requests` with keep-alive, under gunicorn; each
service has a database. Nothing is repeated, compensated or remembered: what fails
half-way stays there. Only the lab uses this.
"""
