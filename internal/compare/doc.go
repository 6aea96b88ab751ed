// Package compare says what differs between two files: a reference and a current one. It reads each once, column by column or row by
// row, keeps counts and never rows, and has every test of package detectors run on them. It owns how files are summarised and how the
// false alarms of one comparison are bounded; which statistics there are is not its affair.
package compare
