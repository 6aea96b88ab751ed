// Package profiles owns mergeable summaries of inference events: baselines, the cells they freeze, and the profiles counted
// on those cells. A profile's counts are integers and merging is addition, so a window equals the union of its panes.
//
// From the bottom up: a [Grid] cuts the number line into cells; a [Baseline] holds the cells and counts of a reference; a
// [Layout] says which features there are and on which cells each is counted; a [Profile] holds the counts of one pane, slice
// or window; a [Folder] folds records into profiles; AppendBinary and [Layout.Decode] carry profiles through a store.
//
// The package never reads a clock, a file or a network, never judges a difference, and never sees a label except inside a
// [Builder].
package profiles
