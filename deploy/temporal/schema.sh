#!/bin/sh
# Creates Temporal's two databases, or brings their schemas up to date. Runs in Temporal's admin-tools
# image, which holds the schemas of its version; SQL_PASSWORD is read by the tool itself.
set -eu

schema() {
  tool="temporal-sql-tool --plugin postgres12 --ep $POSTGRES_SEEDS --port 5432 --user $POSTGRES_USER --db $1"
  $tool create
  # Only a new database takes its first version.
  $tool setup-schema --version 0.0 || true
  $tool update-schema --schema-dir "/etc/temporal/schema/postgresql/v12/$2/versioned"
}

schema temporal temporal
schema temporal_visibility visibility
