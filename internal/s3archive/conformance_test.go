package s3archive_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/archivetest"
	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/s3archive"
)

// store is a bucket.
type store struct {
	client *s3.Client
	bucket string
}

func (s store) Put(t *testing.T, key string, data []byte) {
	t.Helper()
	in := &s3.PutObjectInput{Bucket: &s.bucket, Key: &key, Body: bytes.NewReader(data)}
	if _, err := s.client.PutObject(context.Background(), in); err != nil {
		t.Fatal(err)
	}
}

func (s store) Source(t *testing.T, folder string) archive.Source {
	t.Helper()
	return open(t, "s3://"+s.bucket+"/"+folder)
}

func open(t *testing.T, uri string) *s3archive.Source {
	t.Helper()
	source, err := s3archive.New(context.Background(), uri, s3archive.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

func TestConformance(t *testing.T) {
	endpoint := mototest.Start(t)
	t.Setenv("AWS_ENDPOINT_URL_S3", endpoint)
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	n := 0
	archivetest.Run(t, func(t *testing.T) archivetest.Store {
		n++
		bucket := fmt.Sprintf("archive-%d", n)
		if _, err := client.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
			t.Fatal(err)
		}
		return store{client, bucket}
	})
}
