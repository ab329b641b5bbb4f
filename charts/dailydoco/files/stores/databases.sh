#!/usr/bin/env bash
# Makes the databases of the evaluation, before each start of its server: a database for each service, owned by the role that
# migrates it and open to the role that the service runs as. The image's own hook, /docker-entrypoint-initdb.d, runs on an
# empty data folder only: a service that a later release brings would never get its database, nor a new password its role,
# and a first start that was broken off would stay half done. Everything here may run again.
set -Eeo pipefail

# The functions of the image's entrypoint; sourcing them is how the image means to be extended.
# shellcheck source=/dev/null
source "${ENTRYPOINT:-/usr/local/bin/docker-entrypoint.sh}"

passwords="${PASSWORDS:-/run/secrets/databases}"

# Passwords reach psql by its environment, so that they stand in no list of processes.
run_sql() {
	docker_process_sql --quiet "$@"
}

ensure_role() {
	ROLE_PASSWORD="$(<"$passwords/$1")" run_sql --set=role="$1" <<-'SQL'
		\getenv password ROLE_PASSWORD
		SELECT format('CREATE ROLE %I LOGIN', :'role')
		WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = :'role') \gexec
		SELECT format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD %L', :'role', :'password') \gexec
	SQL
}

ensure_database() {
	run_sql --set=database="$1" --set=owner="$1_owner" --set=app="$1_app" <<-'SQL'
		SELECT format('CREATE DATABASE %I OWNER %I', :'database', :'owner')
		WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec
		REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
		GRANT CONNECT ON DATABASE :"database" TO :"app";
	SQL
}

docker_setup_env
docker_create_db_directories
if [ -z "$DATABASE_ALREADY_EXISTS" ]; then
	docker_verify_minimum_env
	docker_init_database_dir
	pg_setup_hba_conf postgres
fi
docker_temp_server_start postgres
ROLE_PASSWORD="$POSTGRES_PASSWORD" run_sql <<-'SQL'
	\getenv password ROLE_PASSWORD
	SELECT format('ALTER ROLE postgres PASSWORD %L', :'password') \gexec
SQL
for database in $DATABASES; do
	ensure_role "${database}_owner"
	ensure_role "${database}_app"
	ensure_database "$database"
	echo "database $database is there"
done
docker_temp_server_stop
