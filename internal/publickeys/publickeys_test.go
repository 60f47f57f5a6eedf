package publickeys_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/publickeys"
)

func key(n int) digest.PublicKey {
	value := []byte(fmt.Sprint("key ", n))
	at := time.Unix(1767571200, 0).UTC().AddDate(0, n, 0)
	return digest.PublicKey{Value: value, Fingerprint: digest.Fingerprint(value),
		ValidityStartTime: digest.Time{Time: at}, ValidityEndTime: digest.Time{Time: at.AddDate(0, 0, 30)}}
}

func TestStore(t *testing.T) {
	s := publickeys.NewStore(filepath.Join(t.TempDir(), "a[b", "keys"))
	if keys, err := s.All(); err != nil || keys != nil {
		t.Errorf("an empty store has %v (%v)", keys, err)
	}
	for _, add := range [][]digest.PublicKey{{key(2)}, {key(1), key(2)}, nil} {
		if err := s.Add("eu-central-1", add); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Add("us-east-1", []digest.PublicKey{key(3)}); err != nil {
		t.Fatal(err)
	}
	keys, err := s.All()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, k := range keys {
		got = append(got, string(k.Value))
	}
	if text := strings.Join(got, ", "); text != "key 1, key 2, key 3" {
		t.Errorf("the store has %s", text)
	}
	for _, region := range []string{"", "..", "../x", "a/b"} {
		if err := s.Add(region, []digest.PublicKey{key(1)}); err == nil {
			t.Errorf("%q is taken for a Region", region)
		}
	}
}

func TestDamagedStore(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "eu-central-1.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := publickeys.NewStore(dir)
	if _, err := s.All(); err == nil {
		t.Error("a damaged store is read")
	}
	if err := s.Add("eu-central-1", []digest.PublicKey{key(1)}); err == nil {
		t.Error("a damaged store is overwritten")
	}
}

// The client asks the Region's own service, and a store keeps what it says.
func TestClient(t *testing.T) {
	var asked []string
	wrong := false
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, scope, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
		asked = append(asked, strings.Split(scope, "/")[2]+" "+r.Header.Get("X-Amz-Target"))
		k := key(1)
		if wrong {
			k.Fingerprint = "00"
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		fmt.Fprintf(w, `{"PublicKeyList":[{"Value":%q,"ValidityStartTime":1767571200,"ValidityEndTime":1770163200,"Fingerprint":%q}]}`,
			base64.StdEncoding.EncodeToString(k.Value), k.Fingerprint)
	}))
	defer server.Close()
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
		"AWS_CONFIG_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "", "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} {
		t.Setenv(name, value)
	}
	store := publickeys.NewStore(t.TempDir())
	asker := store.Keeping(publickeys.NewClient(""))
	at := time.Unix(1767571200, 0)
	for _, region := range []string{"eu-central-1", "us-east-1"} {
		keys, err := asker.PublicKeys(t.Context(), region, at, at.Add(time.Hour))
		if err != nil || len(keys) != 1 || string(keys[0].Value) != "key 1" || keys[0].ValidityEndTime.Unix() != 1770163200 {
			t.Fatalf("keys are %v (%v)", keys, err)
		}
	}
	if len(asked) != 2 || !strings.HasPrefix(asked[0], "eu-central-1 ") || !strings.HasSuffix(asked[1], ".ListPublicKeys") {
		t.Errorf("asked %q", asked)
	}
	if kept, err := store.All(); err != nil || len(kept) != 2 {
		t.Errorf("kept %d keys (%v)", len(kept), err)
	}
	wrong = true
	if _, err := asker.PublicKeys(t.Context(), "eu-central-1", at, at.Add(time.Hour)); err == nil || !strings.Contains(err.Error(), "fingerprint") {
		t.Errorf("a wrong fingerprint: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := asker.PublicKeys(ctx, "eu-central-1", at, at); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}
