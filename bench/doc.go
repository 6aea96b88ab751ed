// Command bench measures plumbline: decoding, folding, flushing, and the built binary from files and from Kafka to durable panes.
// Each figure stands beside a floor that is measured in the same run, by turns with it, so that the ratio says more than either
// on a busy machine. It owns measuring and printing; what it measures is the product's own code, and no test depends on its
// figures.
//
//	./bench/run                           everything; needs Java and Maven for the broker, the ClickHouse engine for one part
//	./bench/run -parts decode,fold,flush  only these; needs nothing but Go
//	./bench/run -parts compare            two Parquet files of a million rows and 100 columns; needs 1.4 GB for them
//	./bench/run -write                    also writes the table into docs/performance.md
//	./bench/run -profile cpu              also writes CPU profiles, also of the daemon, to cpu-*.pprof
//
// Rates are given per second of CPU time (user and system) and of wall time. On a machine that does other work besides, only the
// first can be compared from run to run.
package main
