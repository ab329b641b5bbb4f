#!/usr/bin/env bash
# Runs a class of Kafka with the options that the official scripts take from the environment.
set -euo pipefail
while [[ "${1:-}" == -* ]]; do
	case "$1" in
	-name) shift 2 ;;
	-loggc) shift ;;
	*) break ;;
	esac
done
read -ra options <<<"${KAFKA_HEAP_OPTS:--Xmx1G -Xms1G} ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -Djava.awt.headless=true} ${KAFKA_LOG4J_OPTS:--Dlog4j2.configurationFile=/opt/kafka/config/log4j2.yaml} ${KAFKA_OPTS:-}"
exec java "${options[@]}" -cp '/opt/kafka/libs/*' "$@"
