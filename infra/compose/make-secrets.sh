#!/bin/sh
# Makes every password and key of the composed fleet, once: a file that exists is kept, so that a second run changes nothing. Losing
# key-encryption-secret loses what identity sealed with it. Give another folder as the argument to keep them elsewhere.
set -eu
umask 077
folder="${1:-$(dirname "$0")/secrets}"
mkdir -p "$folder"

# Random letters and digits; nothing that an address would have to escape.
random() { LC_ALL=C tr -dc 'A-Za-z0-9' </dev/urandom | head -c "$1"; }

keep() {
	[ -s "$folder/$1" ] || printf '%s' "$2" >"$folder/$1.new"
	[ ! -e "$folder/$1.new" ] || mv "$folder/$1.new" "$folder/$1"
}

keep postgres-password "$(random 40)"
keep redis-password "$(random 40)"
keep redis-url "redis://:$(cat "$folder/redis-password")@redis:6379"
keep internal-token-secret "$(random 64)"
keep key-encryption-secret "$(head -c 32 /dev/urandom | base64 | tr -d '\n')"
keep admin-password "$(random 24)"
keep grafana-password "$(random 24)"
for service in identity viral-engine payouts analytics website-builder ai-gateway; do
	database=$(printf '%s' "$service" | tr - _)
	for role in owner app; do
		keep "$service-$role-password" "$(random 40)"
		keep "$service-$role-url" "postgres://${database}_$role:$(cat "$folder/$service-$role-password")@postgres:5432/$database"
	done
done
# Containers run as users of their own and read single files of this folder; the folder itself stays closed.
chmod 644 "$folder"/*
chmod 700 "$folder"
echo "The secrets are in $folder. The first administrator's password: $folder/admin-password"
