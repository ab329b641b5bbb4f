#!/usr/bin/env bash
set -euo pipefail
KAFKA_HEAP_OPTS="${KAFKA_STORAGE_HEAP_OPTS:--Xmx128M}" exec /opt/kafka/bin/kafka-run-class.sh kafka.tools.StorageTool "$@"
