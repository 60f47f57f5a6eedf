// Package rules is a catalogue of detection rules for CloudTrail, in Sigma.
//
// A rule is a folder, ID/, with rule.yml, hits.jsonl and misses.jsonl. Each line of
// these is a case: an event, or an array of events for a correlation. The rule finds
// something in each case of hits, and nothing in those of misses, which are like a hit
// in all but what matters. Adding a rule is adding a folder.
package rules

import (
	"embed"

	"github.com/cerpac/trailkeeper/catalogue"
)

//go:embed */rule.yml */hits.jsonl */misses.jsonl
var files embed.FS

// Source returns the rules that are part of the program.
func Source() catalogue.Source { return catalogue.Source{FS: files} }
