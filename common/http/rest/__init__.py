"""What the HTTP APIs share, on top of Django REST framework."""
