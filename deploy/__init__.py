"""What `docker-compose up` needs beside the services: standard library only."""
