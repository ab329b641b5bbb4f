#!/usr/bin/env bash
# Starts the air-gapped evaluation's Postgres the way the official image is started: the same variables, the same folder of
# first-time scripts, and the same names of functions for scripts that source this file instead of running it.
set -Eeo pipefail

# A variable, or the text of the file that NAME_FILE names; both at once are refused.
file_env() {
	local name="$1" file="${1}_FILE"
	if [[ -n "${!name:-}" && -n "${!file:-}" ]]; then
		echo >&2 "error: both $name and $file are set: give one of them"
		exit 1
	fi
	if [[ -n "${!file:-}" ]]; then printf -v "$name" '%s' "$(<"${!file}")"; else printf -v "$name" '%s' "${!name:-${2:-}}"; fi
	export "${name?}"
	unset "$file"
}

docker_setup_env() {
	file_env POSTGRES_PASSWORD
	file_env POSTGRES_USER postgres
	file_env POSTGRES_DB "$POSTGRES_USER"
	file_env POSTGRES_INITDB_ARGS
	: "${POSTGRES_HOST_AUTH_METHOD:=scram-sha-256}"
	declare -g DATABASE_ALREADY_EXISTS=
	[[ ! -s "$PGDATA/PG_VERSION" ]] || DATABASE_ALREADY_EXISTS=true
}

docker_create_db_directories() {
	mkdir -p "$PGDATA" /var/run/postgresql
	chmod 00700 "$PGDATA" || true
}

docker_verify_minimum_env() {
	[[ -n "$POSTGRES_PASSWORD" || "$POSTGRES_HOST_AUTH_METHOD" == trust ]] || {
		echo >&2 'error: no password for the superuser: give POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE'
		exit 1
	}
}

docker_init_database_dir() {
	# POSTGRES_INITDB_ARGS holds several words, as it does for the official image.
	eval "initdb --username=\"\$POSTGRES_USER\" --pwfile=<(printf '%s\n' \"\$POSTGRES_PASSWORD\") $POSTGRES_INITDB_ARGS \"\$@\""
}

pg_setup_hba_conf() {
	printf '\nhost all all all %s\n' "$POSTGRES_HOST_AUTH_METHOD" >>"$PGDATA/pg_hba.conf"
}

# A server that only this container reaches, to set things up.
docker_temp_server_start() {
	[[ "${1:-}" != postgres ]] || shift
	pg_ctl -D "$PGDATA" -w start -o "-c listen_addresses='' -c unix_socket_directories=/var/run/postgresql -p 5432 $*"
}

docker_temp_server_stop() {
	pg_ctl -D "$PGDATA" -m fast -w stop
}

docker_process_sql() {
	PGHOST='' psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname "${POSTGRES_DB:-postgres}" "$@"
}

docker_setup_db() {
	[[ "$POSTGRES_DB" == postgres ]] || POSTGRES_DB='' docker_process_sql --set=name="$POSTGRES_DB" <<<'CREATE DATABASE :"name";'
}

docker_process_init_files() {
	local file
	for file; do
		case "$file" in
		*.sh) if [[ -x "$file" ]]; then "$file"; else . "$file"; fi ;;
		*.sql) docker_process_sql -f "$file" ;;
		*.sql.gz) gunzip -c "$file" | docker_process_sql ;;
		*) echo "$file is neither .sh nor .sql and is left alone" ;;
		esac
	done
}

_main() {
	[[ "${1:0:1}" != - ]] || set -- postgres "$@"
	[[ "$1" == postgres ]] || exec "$@"
	docker_setup_env
	docker_create_db_directories
	if [[ -z "$DATABASE_ALREADY_EXISTS" ]]; then
		docker_verify_minimum_env
		docker_init_database_dir
		pg_setup_hba_conf "$@"
		docker_temp_server_start "$@"
		docker_setup_db
		shopt -s nullglob
		docker_process_init_files /docker-entrypoint-initdb.d/*
		docker_temp_server_stop
	fi
	shift
	exec postgres -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql "$@"
}

[[ "${BASH_SOURCE[0]}" != "$0" ]] || _main "$@"
