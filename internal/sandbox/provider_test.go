package sandbox_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/internal/sandbox"
	"github.com/cerpac/trailkeeper/internal/sandbox/providertest"
)

// TestTerraformProvider makes the calls of Terraform's AWS provider, at once and
// while changed roles are not yet known.
func TestTerraformProvider(t *testing.T) {
	for name, delay := range map[string]time.Duration{"at once": 0, "propagation": time.Second} {
		t.Run(name, func(t *testing.T) {
			b := open(t, sandbox.Config{Propagation: delay})
			providertest.Run(t, b.endpoint)
		})
	}
}

// TestTLS records how the client connected.
func TestTLS(t *testing.T) {
	b := open(t, sandbox.Config{Upstream: backend(t, store)})
	server := httptest.NewTLSServer(b.Handler())
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	config := b.config("test", "")
	config.BaseEndpoint = &server.URL
	config.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
		tr.TLSClientConfig = &tls.Config{RootCAs: roots}
	})
	client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	ok[*s3.DeleteBucketOutput](t)(client.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String("gone")}))
	records := b.customer("test", "").lookup(t, region, "DeleteBucket")
	if len(records) != 1 || !strings.Contains(records[0], `"tlsDetails":{"tlsVersion":"TLSv1.3","cipherSuite":"TLS_AES_`) {
		t.Errorf("recorded %q", records)
	}
}
