package s3archive

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/archive"
)

// Metadata returns the user metadata of an object, names without x-amz-meta-.
func (s *Source) Metadata(ctx context.Context, o archive.Object) (map[string]string, error) {
	var out *s3.HeadObjectOutput
	err := s.call(func(inRegion func(*s3.Options)) (err error) {
		out, err = s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: &o.Key}, inRegion)
		return err
	})
	if err != nil {
		return nil, fail(ctx, "read metadata of", s.uriOf(o.Key), err)
	}
	return out.Metadata, nil
}
