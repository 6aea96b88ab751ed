// Package plumbline holds the vocabulary of the house: records, streams, panes, findings, alerts. Types only: no I/O, no
// behaviour of one stage.
package plumbline
