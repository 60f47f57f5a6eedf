package main

import (
	"testing"

	"github.com/cerpac/trailkeeper/internal/bundle"
	"github.com/cerpac/trailkeeper/internal/s3archive"
)

// A verification that writes a bundle still asks a bucket for versions.
func TestRecordedVersions(t *testing.T) {
	p := &packing{source: &bundle.Recorder{Source: &s3archive.Source{}}}
	if _, ok := p.recorded().(versioned); !ok {
		t.Error("the versions of a bucket are not asked for")
	}
}
