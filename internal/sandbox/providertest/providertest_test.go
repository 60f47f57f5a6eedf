package providertest_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/internal/mototest"
	"github.com/cerpac/trailkeeper/internal/sandbox/providertest"
	"github.com/cerpac/trailkeeper/internal/sandbox/supplement"
)

// TestMoto leaves CloudTrail out, which is not moto's.
func TestMoto(t *testing.T) {
	moto, err := url.Parse(mototest.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	handler, err := supplement.New(supplement.Options{
		Account: func(*http.Request) string { return "123456789012" }, Now: time.Now,
	}, httputil.NewSingleHostReverseProxy(moto))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	providertest.Run(t, server.URL, "aws_cloudtrail")
}
