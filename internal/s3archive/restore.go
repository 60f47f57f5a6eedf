package s3archive

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

// Restore asks S3 to make an object in cold storage readable for some days. It
// reports whether that was asked before, or the object can be read already. It
// needs s3:RestoreObject.
func (s *Source) Restore(ctx context.Context, key string, days int32, tier string) (before bool, err error) {
	in := &s3.RestoreObjectInput{Bucket: &s.bucket, Key: &key, RestoreRequest: &types.RestoreRequest{
		Days: &days, GlacierJobParameters: &types.GlacierJobParameters{Tier: types.Tier(tier)},
	}}
	err = s.call(func(inRegion func(*s3.Options)) error {
		_, err := s.client.RestoreObject(ctx, in, inRegion)
		return err
	})
	var api smithy.APIError
	if errors.As(err, &api) && (api.ErrorCode() == "RestoreAlreadyInProgress" || api.ErrorCode() == "InvalidObjectState") {
		return true, nil
	}
	if err != nil {
		return false, fail(ctx, "restore", s.uriOf(key), err)
	}
	return false, nil
}
