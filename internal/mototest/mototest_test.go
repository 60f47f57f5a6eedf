package mototest_test

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/mototest"
)

func TestMain(m *testing.M) { os.Exit(mototest.Main(m)) }

func TestNextTestSeesNoStateOfTheLast(t *testing.T) {
	var first string
	t.Run("first", func(t *testing.T) {
		first = mototest.Start(t)
		if before := call(t, first, http.MethodGet, "/"); strings.Contains(before, "left-behind") {
			t.Errorf("buckets of a new server: %s", before)
		}
		call(t, first, http.MethodPut, "/left-behind")
		if after := call(t, first, http.MethodGet, "/"); !strings.Contains(after, "left-behind") {
			t.Errorf("buckets after one was made: %s", after)
		}
	})
	t.Run("second", func(t *testing.T) {
		second := mototest.Start(t)
		if second != first {
			t.Errorf("the second test has the server %s, want %s again", second, first)
		}
		if another := mototest.Start(t); another == second {
			t.Error("a server is used twice at the same time")
		}
		if buckets := call(t, second, http.MethodGet, "/"); strings.Contains(buckets, "left-behind") {
			t.Errorf("buckets of the earlier test are left: %s", buckets)
		}
	})
}

func call(t *testing.T, endpoint, method, path string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, endpoint+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s: %s", method, path, resp.Status, body)
	}
	return string(body)
}
