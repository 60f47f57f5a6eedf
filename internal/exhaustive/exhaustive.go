// Package exhaustive sizes tests: small for every day, large where the environment variable TRAILKEEPER_EXHAUSTIVE is set.
package exhaustive

import "os"

// Variable is the environment variable. `make nightly` sets it to 1.
const Variable = "TRAILKEEPER_EXHAUSTIVE"

// Wanted reports whether tests go through everything, however long it takes.
func Wanted() bool { return os.Getenv(Variable) != "" }

// Or returns large if tests go through everything, else small. Every distinct case
// belongs into the small tests too: only the repetitions, the sizes and the products of
// dimensions differ.
func Or[T any](small, large T) T {
	if Wanted() {
		return large
	}
	return small
}
