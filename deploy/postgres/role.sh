#!/bin/sh
# Runs once, when the data directory is new: the service owns its database, and is no
# superuser. SERVICE names both.
set -eu
psql --username postgres --dbname postgres --set ON_ERROR_STOP=1 \
  --set service="$SERVICE" <<'SQL'
\set password `cat /run/secrets/password`
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
SQL
