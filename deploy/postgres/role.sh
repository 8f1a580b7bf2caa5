#!/bin/sh
# Runs once, when the data directory is new: the service owns its database, and is no
# superuser. SERVICE names both. Text is ordered by its code points: no later image can
# change that under an index.
set -eu
psql --username postgres --dbname postgres --set ON_ERROR_STOP=1 \
  --set service="$SERVICE" <<'SQL'
\set password `cat /run/secrets/password`
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service"
  TEMPLATE template0 ENCODING UTF8 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8';
SQL
