// Package publickeys gets the public keys of CloudTrail's digests, and keeps them.
//
// AWS does not say how long ListPublicKeys returns old keys. A [Store] keeps every
// fetched key: one file per Region, in the form of the ListPublicKeys response.
package publickeys

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/smithy-go/logging"

	"github.com/cerpac/trailkeeper/digest"
	"github.com/cerpac/trailkeeper/internal/durable"
)

// Client asks AWS for keys.
type Client struct {
	profile string
	once    sync.Once
	config  aws.Config
	err     error
}

// NewClient returns a client with the credentials of a profile, or with those that
// every AWS tool takes. It makes no request.
func NewClient(profile string) *Client { return &Client{profile: profile} }

func (c *Client) load(ctx context.Context) (aws.Config, error) {
	c.once.Do(func() {
		options := []func(*config.LoadOptions) error{config.WithLogger(logging.Nop{})}
		if c.profile != "" {
			options = append(options, config.WithSharedConfigProfile(c.profile))
		}
		c.config, c.err = config.LoadDefaultConfig(context.WithoutCancel(ctx), options...)
	})
	return c.config, c.err
}

// PublicKeys returns the keys of a Region that were valid at some time between two
// others.
func (c *Client) PublicKeys(ctx context.Context, region string, from, to time.Time) ([]digest.PublicKey, error) {
	cfg, err := c.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("list public keys of %s: %w", region, err)
	}
	// AWS does not document times in the future. The AWS CLI asks for two hours.
	if soon := time.Now().Add(2 * time.Hour); to.After(soon) {
		to = soon
	}
	client := cloudtrail.NewFromConfig(cfg, func(o *cloudtrail.Options) { o.Region = region })
	var keys []digest.PublicKey
	for in := (&cloudtrail.ListPublicKeysInput{StartTime: &from, EndTime: &to}); ; {
		out, err := client.ListPublicKeys(ctx, in)
		if err != nil {
			return nil, fmt.Errorf("list public keys of %s: %w", region, err)
		}
		for _, k := range out.PublicKeyList {
			key := digest.PublicKey{Value: k.Value, Fingerprint: digest.Fingerprint(k.Value)}
			if named := aws.ToString(k.Fingerprint); named != "" && !strings.EqualFold(named, key.Fingerprint) {
				return nil, fmt.Errorf("list public keys of %s: key of fingerprint %q has the bytes of %q", region, named, key.Fingerprint)
			}
			key.ValidityStartTime.Time, key.ValidityEndTime.Time = aws.ToTime(k.ValidityStartTime), aws.ToTime(k.ValidityEndTime)
			keys = append(keys, key)
		}
		if aws.ToString(out.NextToken) == "" {
			return keys, nil
		}
		in.NextToken = out.NextToken
	}
}

// Store is a folder of keys. It is used by one process at a time.
type Store struct {
	dir string
	mu  sync.Mutex
}

// NewStore returns the store in a folder, which need not exist yet.
func NewStore(dir string) *Store { return &Store{dir: dir} }

const storeSuffix = ".json"

// All returns the keys of all Regions.
func (s *Store) All() (keys []digest.PublicKey, err error) {
	names, err := filepath.Glob(filepath.Join(escape(s.dir), "*"+storeSuffix))
	if err != nil {
		return nil, fmt.Errorf("read key store: %w", err)
	}
	for _, name := range names {
		list, err := read(name)
		if err != nil {
			return nil, err
		}
		keys = append(keys, list...)
	}
	return keys, nil
}

// escape makes a path a pattern that matches only it.
func escape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

func read(name string) ([]digest.PublicKey, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read key store: %w", err)
	}
	list, err := digest.ParsePublicKeyList(text)
	if err != nil {
		return nil, fmt.Errorf("read key store %q: %w", name, err)
	}
	return list, nil
}

// Add keeps keys of a Region, beside those that are there. A key is never removed
// or replaced.
func (s *Store) Add(region string, keys []digest.PublicKey) error {
	if region != filepath.Base(region) || region == "." || region == ".." {
		return fmt.Errorf("write key store: %q is not a Region", region)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	path := filepath.Join(s.dir, region+storeSuffix)
	list, err := read(path)
	if err != nil {
		return err
	}
	before := len(list)
	for _, k := range keys {
		same := func(other digest.PublicKey) bool { return other.Fingerprint == k.Fingerprint }
		if !slices.ContainsFunc(list, same) {
			list = append(list, k)
		}
	}
	if len(list) == before {
		return nil
	}
	slices.SortFunc(list, func(a, b digest.PublicKey) int {
		return cmp.Or(a.ValidityStartTime.Compare(b.ValidityStartTime.Time), strings.Compare(a.Fingerprint, b.Fingerprint))
	})
	return write(path, list)
}

func write(path string, list []digest.PublicKey) error {
	text, err := json.MarshalIndent(digest.PublicKeyList{PublicKeyList: list}, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err != nil {
		return fmt.Errorf("write key store: %w", err)
	}
	if err := durable.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write key store: %w", err)
	}
	return nil
}

// Asker answers with keys, such as a Client.
type Asker interface {
	PublicKeys(ctx context.Context, region string, from, to time.Time) ([]digest.PublicKey, error)
}

// Keeping returns an Asker that keeps what another answers.
func (s *Store) Keeping(from Asker) Asker { return keeper{s, from} }

type keeper struct {
	store *Store
	from  Asker
}

func (k keeper) PublicKeys(ctx context.Context, region string, from, to time.Time) ([]digest.PublicKey, error) {
	keys, err := k.from.PublicKeys(ctx, region, from, to)
	if err != nil {
		return nil, err
	}
	return keys, k.store.Add(region, keys)
}
