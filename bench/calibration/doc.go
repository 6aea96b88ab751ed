// Command calibration measures what the detectors promise: how often they alarm when nothing has changed, how much they see when
// something has, how long that takes, beside the published tables and the rules of other tools. `make calibration` writes its page,
// docs/calibration.md, and the pictures; the same program with few repetitions is the package's test.
//
// Everything random comes from one seed. A repetition has its own generator, made from the seed, the name of the simulation and the
// number of the repetition, so that the figures do not depend on how many cores there are.
//
// A section of the page is a value with three methods: it measures, it states what has to come out, and it writes what did. Sections
// know nothing of each other.
package main
