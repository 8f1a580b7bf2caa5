"""The same three libraries in one Django project, before anything was cut off."""
