package access

import (
	"context"
	"errors"
	"fmt"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/policy"
)

// enabled is the state of a key that can be used.
const enabled = "Enabled"

// Key checks that CloudTrail may encrypt with the trail's key.
func (c *Checker) Key(ctx context.Context, t Trail) (Answer, error) {
	a := Answer{Subject: TheKey, Name: t.KeyARN}
	var bucket Encryption
	if t.Bucket != "" {
		var err error
		bucket, err = c.Guards.Encryption(ctx, t)
		if err != nil && !errors.Is(err, ErrNotFound) { // Bucket reports that it is missing
			return a, err
		}
	}
	named, err := arn.Parse(t.KeyARN)
	if err != nil || bucket.Region != "" && bucket.Region != named.Region {
		return a.problem(Elsewhere, fmt.Sprintf("it is not in the Region of the bucket, %q", bucket.Region)), nil
	}
	return c.key(ctx, a, func(key string) []policy.Request {
		requests := encrypting(t, key, "aws:cloudtrail:arn", t.ARN, "kms:GenerateDataKey")
		if bucket.BucketKey {
			requests = append(requests, encrypting(t, key, "aws:cloudtrail:arn", t.ARN, "kms:Decrypt")...)
		}
		return append(requests, request(t, "kms:DescribeKey", key))
	})
}

// key asks the key that a names for the requests, which are about its ARN.
func (c *Checker) key(ctx context.Context, a Answer, requests func(arn string) []policy.Request) (Answer, error) {
	if _, err := arn.Parse(a.Name); err != nil {
		return a.problem(Missing, "it has no ARN"), nil
	}
	held, err := c.Guards.Key(ctx, a.Name)
	switch {
	case errors.Is(err, ErrNotFound):
		return a.problem(Missing, absent), nil
	case err != nil:
		return a, err
	case held.State != enabled:
		a.State = held.State
		return a.problem(Unusable, "it is in the state "+held.State), nil
	}
	return a.ask("policy of the key", []string{held.Policy}, requests(held.ARN)...), nil
}

// encrypting returns policy requests for a key with one encryption context pair.
func encrypting(t Trail, key, name, value string, actions ...string) []policy.Request {
	requests := make([]policy.Request, len(actions))
	for i, action := range actions {
		requests[i] = request(t, action, key)
		requests[i].Context["kms:EncryptionContext:"+name] = []string{value}
		requests[i].Context["kms:EncryptionContextKeys"] = []string{name}
	}
	return requests
}
