package main

import (
	"context"

	"github.com/cerpac/trailkeeper/internal/s3archive"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// protection says what the bucket of a damaged archive does to keep its objects.
func protection(ctx context.Context, source archiveSource, sum *verify.Summary) []string {
	bucket, ok := source.(*s3archive.Source)
	if !ok || !sum.Bad() {
		return nil
	}
	p, err := bucket.Protection(ctx)
	if err != nil {
		return []string{"it is not known how the bucket keeps its objects: " + err.Error()}
	}
	return []string{"the bucket: " + p.String()}
}
