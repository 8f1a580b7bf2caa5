"""What services tell the audit: facts that `./manage.py audit` holds together."""
