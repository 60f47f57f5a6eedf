// Package archivetest is the conformance suite of log archives: what every
// implementation of [archive.Source] must do, whatever its storage.
package archivetest

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/cerpac/trailkeeper/archive"
)

// Store is an empty storage for files, to be read as an archive.
type Store interface {
	// Put writes a file, replacing an existing one.
	Put(t *testing.T, key string, data []byte)
	// Source returns the archive below a folder; "" is the whole store.
	Source(t *testing.T, folder string) archive.Source
}

// Run runs the suite; newStore is called once for each test.
func Run(t *testing.T, newStore func(t *testing.T) Store) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Store)
	}{
		{"Empty", testEmpty},
		{"EveryFileOnce", testEveryFileOnce},
		{"OrderOfDelivery", testOrder},
		{"Filter", testFilter},
		{"AnyDepth", testAnyDepth},
		{"AnyDepthFiltered", testAnyDepthFiltered},
		{"Flat", testFlat},
		{"OddNames", testOddNames},
		{"Skips", testSkips},
		{"Version", testVersion},
		{"Open", testOpen},
		{"OpenMissing", testOpenMissing},
		{"Stop", testStop},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, newStore(t)) })
	}
}

// Organization stores log files and digests of accounts x Regions x days, two logs and
// a digest per day, and returns their keys. Days begin on 2023-12-30, so they span a
// change of month and year.
func Organization(t *testing.T, s Store, accounts, regions, days int) []string {
	t.Helper()
	var keys []string
	for key := range organization(accounts, regions, days) {
		s.Put(t, key, []byte(key))
		keys = append(keys, key)
	}
	return keys
}

// Account returns the number of the organization's i-th account.
func Account(i int) string { return fmt.Sprintf("%012d", 111111111111*(i+1)) }

// Region returns the organization's i-th Region.
func Region(i int) string {
	return []string{"us-east-1", "eu-west-2", "ap-southeast-1", "us-gov-west-1"}[i]
}

// Day returns midnight of the organization's i-th day.
func Day(i int) time.Time { return time.Date(2023, 12, 30+i, 0, 0, 0, 0, time.UTC) }

func organization(accounts, regions, days int) func(yield func(string) bool) {
	each := func(day, account, region int) []archive.Key {
		k := archive.Key{
			Prefix: "logs", Organization: "o-a1b2c3d4e5", Account: Account(account), Kind: archive.Logs, Region: Region(region),
			// No two files have the same time, and none midnight.
			Delivered: Day(day).Add(time.Duration(1+account*regions+region) * time.Minute), Unique: "AAAAAAAAAAAAAAAA",
		}
		later := k
		later.Delivered = later.Delivered.Add(12 * time.Hour)
		digest := k
		digest.Kind, digest.Trail, digest.HomeRegion = archive.Digest, "main_trail", "us-east-1"
		digest.Delivered = digest.Delivered.Add(18 * time.Hour)
		return []archive.Key{k, later, digest}
	}
	return func(yield func(string) bool) {
		for day := range days {
			for account := range accounts {
				for region := range regions {
					for _, k := range each(day, account, region) {
						if !yield(k.String()) {
							return
						}
					}
				}
			}
		}
	}
}

// list collects a listing, and fails on objects with an error.
func list(t *testing.T, s archive.Source, f archive.Filter) []archive.Object {
	t.Helper()
	var objects []archive.Object
	err := s.List(context.Background(), f, func(o archive.Object) error {
		if o.Err != nil {
			t.Errorf("object %q: %v", o.Key, o.Err)
		}
		objects = append(objects, o)
		return nil
	})
	if err != nil {
		t.Fatalf("list: %v", err)
	}
	return objects
}

// keys returns the keys of the objects to read, as in the whole store.
func keys(objects []archive.Object, folder string) []string {
	var keys []string
	for _, o := range objects {
		if o.Skip == "" {
			keys = append(keys, whole(o.Key, folder))
		}
	}
	return keys
}

// whole returns the key in the store: sources of folders return keys below their own.
func whole(key, folder string) string {
	if folder == "" || strings.HasPrefix(key, folder+"/") {
		return key
	}
	return folder + "/" + key
}

func read(t *testing.T, s archive.Source, o archive.Object) string {
	t.Helper()
	r, err := s.Open(context.Background(), o)
	if err != nil {
		t.Errorf("open: %v", err)
		return ""
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Errorf("read %q: %v", o.Key, err)
	}
	return string(data)
}
