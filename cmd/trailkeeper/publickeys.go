package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/outcome"
	"github.com/cerpac/trailkeeper/internal/publickeys"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// keyOptions say where the public keys of digests come from.
type keyOptions struct {
	files []string // with answers of ListPublicKeys
	store string   // folder
}

// addKeyFlags adds the flags. Their help begins with when, such as the flag that they
// go with.
func (o *keyOptions) addKeyFlags(f *pflag.FlagSet, when string) {
	f.StringArrayVar(&o.files, "keys", nil, when+"file with an answer of ListPublicKeys; may be repeated")
	f.StringVar(&o.store, "key-store", "", when+"folder that keeps every public key that was fetched")
}

// given reports whether there are keys besides those that AWS is asked for.
func (o *keyOptions) given() bool { return len(o.files) > 0 || o.store != "" }

// missing is the error of an archive in a folder that cannot be verified, as no keys
// are named; nil if there are some.
func (o *keyOptions) missing(a *archiveOptions) error {
	if o.given() || a.remote() {
		return nil
	}
	return outcome.WithHint(errors.New("--keys or --key-store is missing"),
		"save the answer of aws cloudtrail list-public-keys of the archive's Regions, or name the public-keys.json of simulate or the sandbox")
}

// known returns the keys of files and of the key store.
func (o *keyOptions) known() (*verify.Keys, error) {
	var lists [][]digest.PublicKey
	for _, path := range o.files {
		list, err := readKeys(path)
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	if o.store != "" {
		list, err := publickeys.NewStore(o.store).All()
		if err != nil {
			return nil, err
		}
		lists = append(lists, list)
	}
	return verify.NewKeys(lists...), nil
}

// of returns the known keys. For a bucket, keys that are not among them are asked of
// AWS, and kept in the store.
func (o *keyOptions) of(a *archiveOptions) (*verify.Keys, error) {
	keys, err := o.known()
	if err != nil || !a.remote() {
		return keys, err
	}
	var source verify.KeySource = publickeys.NewClient(a.s3.Profile)
	if o.store != "" {
		source = publickeys.NewStore(o.store).Keeping(source)
	}
	keys.Ask(source)
	return keys, nil
}

// maxKeys bounds the size of a file of keys.
const maxKeys = 64 << 20

func readKeys(path string) ([]digest.PublicKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeys))
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	list, err := digest.ParsePublicKeyList(text)
	if err != nil {
		return nil, fmt.Errorf("read keys %q: %w", path, err)
	}
	return list, nil
}
