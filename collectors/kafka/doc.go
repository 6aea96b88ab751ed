// Package kafka reads inference logs from Kafka topics. It owns the membership in a consumer group, the fetching of
// partitions and the exact reading of what they hold: every record once and in offset order from where the store says,
// nothing of aborted transactions, no control markers, every hole counted. It never decodes a value and it does not trust
// the offsets that Kafka keeps for the group: those are written after the store has everything, for lag tools alone.
//
// A Source joins the group through kafka-go's ConsumerGroup and, for each generation, runs one reader per partition.
// A reader fetches (fetch.go) through kafka-go's Transport, which finds the partition's leader, and walks the record
// batches itself (walker.go): kafka-go's own decoder delivers aborted records, does not say where a batch ends, and
// decompresses without a bound. It hands over chunks of a bounded size while the next fetch is under way.
//
// It can't notice one thing: a topic that was deleted, created again and has by now grown beyond the store's position.
package kafka
