// Package pipeline joins the stages: it is the only place where collectors, profiles, store, detectors, rules and the ledger
// meet. Its two halves share the store and nothing else. The Collector takes batches from sources, decodes, folds and flushes
// them, one worker per partition. The Evaluator reads windows from the store at an instant of event time, judges rules and
// commits what follows to the ledger. Neither knows flags, signals, HTTP or metrics libraries.
package pipeline
