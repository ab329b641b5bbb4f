#!/bin/sh
# Arguments as the official image takes them: options or a configuration file for the server, or a program of one's own.
set -e
case "${1:-}" in
'' | -* | *.conf) set -- valkey-server "$@" ;;
esac
exec "$@"
