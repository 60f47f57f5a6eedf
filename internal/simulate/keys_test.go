package simulate

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func TestSigningKeys(t *testing.T) {
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC).Unix()
	seen := map[string]string{}
	ring, again := newKeyRing(1), newKeyRing(1)
	for _, other := range []struct {
		name   string
		ring   *keyRing
		region string
		at     int64
	}{
		{"first", ring, "us-east-1", at},
		{"other Region", ring, "eu-west-2", at},
		{"next period", ring, "us-east-1", at + keyLife},
		{"other seed", newKeyRing(2), "us-east-1", at},
	} {
		key, err := other.ring.key(other.region, other.at)
		if err != nil {
			t.Fatal(err)
		}
		if before, ok := seen[key.public.Fingerprint]; ok {
			t.Errorf("%s: the key of %s", other.name, before)
		}
		seen[key.public.Fingerprint] = other.name
		if key.private.N.BitLen() != 2048 {
			t.Errorf("%s: %d bits", other.name, key.private.N.BitLen())
		}
		if key.public.ValidityStartTime.Unix() > other.at || key.public.ValidityEndTime.Unix() <= other.at {
			t.Errorf("%s: valid from %s to %s", other.name, key.public.ValidityStartTime, key.public.ValidityEndTime)
		}
	}
	key, err := again.key("us-east-1", at+3600)
	if err != nil || seen[key.public.Fingerprint] != "first" {
		t.Errorf("the same seed, Region and period make another key (%v)", err)
	}
	if n := len(ring.list()); n != 3 {
		t.Errorf("%d keys are published, 3 were used", n)
	}
}

func TestPrimesBelow(t *testing.T) {
	if got := primesBelow(30); !slices.Equal(got, []uint64{3, 5, 7, 11, 13, 17, 19, 23, 29}) {
		t.Error(fmt.Sprint(got))
	}
}
