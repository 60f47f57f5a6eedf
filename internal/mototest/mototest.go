// Package mototest runs moto_server, an emulator of AWS, for the duration of a test.
package mototest

import (
	"errors"
	"os"
	"testing"

	"github.com/cerpac/trailkeeper/internal/moto"
)

// Start starts a server that runs until the test ends, and returns its URL. It sets
// credentials and a Region for the AWS SDK in the test's environment, so the test
// cannot be parallel. It skips the test if moto_server is not installed.
func Start(t *testing.T) (endpoint string) {
	t.Helper()
	Environment(t)
	server, err := moto.Start(t.Context(), moto.Options{})
	if errors.Is(err, moto.ErrMissing) {
		t.Skip(`SKIPPED REAL SERVICE: moto_server is not installed; pip install "moto[server]"`)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server.URL
}

// Environment sets fake credentials and a fake Region for the AWS SDK and keeps it
// from looking for real ones.
func Environment(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_SESSION_TOKEN": "",
		"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "",
		"AWS_MAX_ATTEMPTS": "", "AWS_RETRY_MODE": "",
	} {
		t.Setenv(name, value)
	}
}
