package resources

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/quantity"
	"github.com/cerpac/trailkeeper/internal/trail/account"
)

// namedStrangers is the number of objects not written by the trail that a plan names.
const namedStrangers = 10

// strangers are the objects of a bucket that neither the trail nor S3's access log
// wrote, judged by their keys.
type strangers struct {
	count int64
	names []string // the first
	last  string   // the last key counted; it may have more versions
}

// takes returns what is deleted with the bucket besides its logs, and what is locked.
func (b *storage) takes(ctx context.Context) (what string, err error) {
	if !b.Spec.ForceDestroy {
		return "", nil // it is empty, or stays
	}
	found, err := b.strangers(ctx)
	if err != nil {
		return "", err
	}
	locked, err := b.locks(ctx, time.Now())
	if err != nil {
		return "", err
	}
	var notes []string
	for _, note := range []string{found.String(), locked.String()} {
		if note != "" {
			notes = append(notes, note)
		}
	}
	return strings.Join(notes, "; "), nil
}

// strangers lists the objects outside the trail's own folders.
func (b *storage) strangers(ctx context.Context) (*strangers, error) {
	found := &strangers{}
	err := b.lookAround(ctx, "", b.folders(), found)
	if account.Missing(err) {
		err = nil
	}
	return found, err
}

// folders returns the prefixes that the trail or the access log writes below.
func (b *storage) folders() (list []string) {
	if b.name != b.Names.Bucket {
		return []string{b.Names.Bucket + "/"}
	}
	accounts, members := b.Spec.LogFolders(b.Account.Place)
	for _, account := range accounts {
		for _, kind := range []archive.Kind{archive.Logs, archive.Insight, archive.NetworkActivity, archive.Aggregated, archive.Digest} {
			list = append(list, account+string(kind)+"/")
		}
	}
	if members != "" {
		list = append(list, members)
	}
	return list
}

// lookAround adds the objects below a prefix to found, except those in folders.
func (b *storage) lookAround(ctx context.Context, prefix string, folders []string, found *strangers) error {
	in := &s3.ListObjectVersionsInput{Bucket: &b.name, ExpectedBucketOwner: b.owner, Prefix: &prefix}
	if slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(f, prefix) }) {
		in.Delimiter = aws.String("/")
	}
	var below []string
	pages := s3.NewListObjectVersionsPaginator(b.client, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, version := range page.Versions {
			if key := aws.ToString(version.Key); key != prefix { // CloudTrail creates an empty object for each folder
				found.add(key)
			}
		}
		for _, folder := range page.CommonPrefixes {
			below = append(below, aws.ToString(folder.Prefix))
		}
		b.Progress(quantity.FormatCount(found.count) + " objects in bucket " + b.name + " are not the trail's")
	}
	for _, folder := range below {
		if slices.Contains(folders, folder) {
			continue
		}
		if err := b.lookAround(ctx, folder, folders, found); err != nil {
			return err
		}
	}
	return nil
}

func (s *strangers) add(key string) {
	if key == s.last {
		return
	}
	s.last = key
	s.count++
	if len(s.names) < namedStrangers {
		s.names = append(s.names, strconv.Quote(key))
	}
}

func (s *strangers) String() string {
	if s.count == 0 {
		return ""
	}
	text := fmt.Sprintf("%s not written by the trail would go too: %s", objects(s.count), strings.Join(s.names, ", "))
	if more := s.count - int64(len(s.names)); more > 0 {
		text += ", and " + quantity.FormatCount(more) + " more"
	}
	return text
}

func objects(n int64) string {
	if n == 1 {
		return "1 object"
	}
	return quantity.FormatCount(n) + " objects"
}
