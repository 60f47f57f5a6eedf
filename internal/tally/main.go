// Command tally reads `go test -json` on its standard input and prints what a person needs of it.
//
// Those are the closing line of every package, the full output of what failed,
// every skipped test with its reason, and the counts. A run in which a test was
// skipped thus never looks like one in which all of them ran. It exits with 1
// if anything failed, or if there was nothing to count.
package main

import (
	"fmt"
	"os"
)

func main() {
	counts, err := tally(os.Stdin, os.Stdout)
	if err != nil {
		fmt.Fprintf(os.Stderr, "tally: %v\n", err)
		os.Exit(3)
	}
	if !counts.good() {
		os.Exit(1)
	}
}
