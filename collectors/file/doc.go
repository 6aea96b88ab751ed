// Package file reads newline-delimited JSON from files, gzipped or not, and from standard input. It owns finding files,
// cutting them into lines and knowing where in a file reading goes on; it never looks into a line.
//
// A file is a partition: its topic is the path from the source's root, its offset the byte at which a line starts in the
// uncompressed text. Where a path is followed and another file takes its place (rotation), or the file is cut short, offsets
// go on in the next generation: the generation's number times 2^40, plus the byte. So offsets never go back, which the store
// relies on. A followed file that is renamed is read on for five seconds, until who writes it has opened the next one.
package file
