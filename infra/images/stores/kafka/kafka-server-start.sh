#!/usr/bin/env bash
set -euo pipefail
read -ra extra <<<"${EXTRA_ARGS:-}"
exec /opt/kafka/bin/kafka-run-class.sh "${extra[@]}" kafka.Kafka "$@"
