package keyring_test

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/sandbox/delivery/keyring"
	"github.com/cerpac/trailkeeper/internal/sandbox/spool"
)

const day = 24 * time.Hour

func noon() time.Time { return time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC) }

func mustOpen(t *testing.T, dir string) *keyring.Ring {
	t.Helper()
	ring, err := keyring.Open(spool.Dir(dir))
	if err != nil {
		t.Fatal(err)
	}
	return ring
}

// at returns the fingerprint of the key of a time.
func at(t *testing.T, ring *keyring.Ring, region string, when time.Time) string {
	t.Helper()
	key, err := ring.At(region, when)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public.Fingerprint
}

func TestKeysOfARegionFollowEachOther(t *testing.T) {
	dir := t.TempDir()
	ring := mustOpen(t, dir)
	first := at(t, ring, "eu-west-1", noon())
	if again := at(t, ring, "eu-west-1", noon().Add(30*day-time.Second)); again != first {
		t.Error("the key was replaced before its time")
	}
	second := at(t, ring, "eu-west-1", noon().Add(30*day))
	if second == first {
		t.Error("the key was not replaced after 30 days")
	}
	elsewhere := at(t, ring, "us-east-1", noon())
	if elsewhere == first {
		t.Error("two Regions have one key")
	}
	ring = mustOpen(t, dir)
	if at(t, ring, "eu-west-1", noon().Add(day)) != first || at(t, ring, "us-east-1", noon()) != elsewhere {
		t.Error("keys are others after opening again")
	}
	for _, c := range []struct {
		region      string
		from, until time.Time
		want        []string
	}{
		{"eu-west-1", noon(), noon(), []string{first}},
		{"eu-west-1", noon().Add(-day), noon().Add(-time.Second), nil},
		{"eu-west-1", noon(), noon().Add(31 * day), []string{first, second}},
		{"eu-west-1", noon().Add(30 * day), noon().Add(31 * day), []string{second}},
		{"eu-west-1", noon().Add(60 * day), noon().Add(61 * day), nil},
		{"us-east-1", noon(), noon().Add(90 * day), []string{elsewhere}},
		{"ap-south-1", noon(), noon(), nil},
	} {
		var got []string
		for _, k := range ring.Public(c.region, c.from, c.until) {
			got = append(got, k.Fingerprint)
			public, err := x509.ParsePKCS1PublicKey(k.Value)
			if err != nil || public.N.BitLen() != 2048 || digest.Fingerprint(k.Value) != k.Fingerprint ||
				k.ValidityEndTime.Sub(k.ValidityStartTime.Time) != 30*day {
				t.Errorf("key is %+v, %v", k, err)
			}
		}
		if strings.Join(got, " ") != strings.Join(c.want, " ") {
			t.Errorf("Public(%s, %v, %v) is %q, want %q", c.region, c.from, c.until, got, c.want)
		}
	}
}

func TestKeysAreSecret(t *testing.T) {
	dir := t.TempDir()
	at(t, mustOpen(t, dir), "eu-west-1", noon())
	info, err := os.Stat(filepath.Join(dir, "keys.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

func TestDamageIsNamed(t *testing.T) {
	for _, text := range []string{"", "{", `{"Format":2}`, `{"Format":1,"Keys":[{"Private":"AAAA"}]}`} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "keys.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := keyring.Open(spool.Dir(dir)); err == nil || !strings.Contains(err.Error(), "keys.json") {
			t.Errorf("%q: Open gives %v", text, err)
		}
	}
}
