#!/bin/bash
# Replays the flights log into a topic in the order of its time, RATE records a second, as if it were live. A record in the topic is a
# line of the log, so the sum of the end offsets says where to go on: started again, it sends only what is missing.
set -euo pipefail

kafka=${KAFKA_BIN:-/opt/kafka/bin}
log=${LOG:-/feed/log}
export LC_ALL=C

sent=$("$kafka/kafka-get-offsets.sh" --bootstrap-server "$BROKER" --topic "$TOPIC" | awk -F: '{n += $3} END {print n + 0}')
echo "$sent records are in $TOPIC already"

cat "$log/inference.ndjson.gz" "$log/labels.ndjson.gz" "$log/shadow-v2.ndjson.gz" | gunzip -c |
	sed 's/.*"ts":"\([^"]*\)".*/\1\t&/' | sort -s -t "$(printf '\t')" -k 1,1 | cut -f 2- |
	tail -n "+$((sent + 1))" |
	awk -v rate="${RATE:-400}" '{print} NR % rate == 0 {fflush(); system("sleep 1")}' |
	"$kafka/kafka-console-producer.sh" --bootstrap-server "$BROKER" --topic "$TOPIC" --compression-codec zstd

echo "the log is replayed"
