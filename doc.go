// Package plumbline holds the vocabulary of the house: records, streams, panes, findings, alerts. It has types, no I/O, and no
// behaviour of one stage. This page is the tour of the house.
//
// plumbline watches machine-learning models in production. It reads what models were asked and what they answered, compares it
// with how things were when they were trained, and says when a person or a training pipeline has to act.
//
// # The way of the data
//
// A [plumbline/collectors.Source] reads raw messages, partition by partition, in order: collectors/kafka, collectors/http and
// collectors/file are the three there are. A new source is a folder beside them that passes plumbline/collectors/collectorstest.
//
// [plumbline/collectors/decode] turns a message into a [Record], or into a [Reject] with a named [Reason]. A new format is a file
// there.
//
// [plumbline/profiles] folds records into mergeable summaries, a [plumbline/profiles.Profile] for each pane, counted on the cells
// that the model's [plumbline/profiles.Baseline] froze. Merging is addition and loses nothing.
//
// [plumbline/store] keeps panes, answers, labels, samples and checkpoints. Every pane is a cumulative snapshot that is a pure
// function of its partition and the last offset folded in; the highest offset wins. That alone makes the store exact: nothing
// is lost and nothing counted twice, whatever is killed, tried again or written late. store/sqlite and store/clickhouse pass
// plumbline/store/storetest; a new store would too.
//
// [plumbline/detectors] turns two summaries into a [Finding]: a statistic with effect, p-value, bounds and rows, or the reason why
// there is none. Pure functions; a new statistic is a function there and a line in the table of [plumbline/detectors.Builtin].
//
// [plumbline/rules] compiles YAML rule files and runs each rule as a state machine, from which come [Transition]s.
//
// [plumbline/ledger] is the evaluator's memory: alert states and the outbox, written in one transaction, so that an effect is
// recorded before it is tried.
//
// [plumbline/sinks] carries effects out: sinks/slack and sinks/webhook. A new sink is a folder beside them that implements
// [plumbline/sinks.Notifier] or [plumbline/sinks.Puller].
//
// # What joins the stages
//
// Stages do not import each other. [plumbline/internal/pipeline] joins them in two halves that share the store and nothing else:
// the Collector (source to store, one worker per partition) and the Evaluator (store to ledger, at an instant of event time).
// [plumbline/internal/config] reads what users write; [plumbline/internal/app] builds the daemon out of it, with its HTTP pages and
// metrics; cmd/plumbline is flags and output. plumbline/internal/arch holds the table of who may import whom, and a test.
//
// # Time
//
// Everything that decides takes the instant as an argument. Only the scheduler in internal/app and the Evaluator's Run read the
// clock. That is why replaying last year's log and watching today's traffic are the same code.
package plumbline
