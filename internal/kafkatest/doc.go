// Package kafkatest runs Apache Kafka for tests, without containers and without anything being installed but Java and Maven:
// the real broker (KRaft, one node) from its Maven artefacts as a child process, or franz-go's kfake inside the test. It
// fetches, checks and caches the broker, starts, kills and restarts it, and has a small client to fill topics with. All
// listeners are on 127.0.0.1. It is for tests alone and never part of the daemon.
//
// Quick tests use StartFake. Tests that use Start carry the build tag real; for them a missing part is a failure, not a skip.
// The environment variable PLUMBLINE_TEST_KAFKA=host:port makes Start use a broker that is already there.
package kafkatest
