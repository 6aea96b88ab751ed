package main

import "os"

// flightsFolder is where the whole flights log is, if it is here.
func flightsFolder() string { return os.Getenv("PLUMBLINE_FLIGHTS") }
