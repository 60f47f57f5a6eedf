package trail

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/cerpac/trailkeeper/arn"
	"github.com/cerpac/trailkeeper/arn/partition"
	"github.com/cerpac/trailkeeper/internal/outcome"
)

// Validate returns every problem that does not depend on the account, each with the
// field, its value and the remedy. Fits finds the problems that do.
func (s Spec) Validate() error {
	c := &checker{}
	c.names(s)
	c.tags(s.Tags)
	c.bucket(s)
	c.existingBucket(s)
	c.encryption(s)
	c.logGroup(s)
	c.topic(s)
	c.selectors(s)
	c.insights(s)
	c.accounts(s)
	c.alarms(s)
	c.security(s)
	if len(c.problems) == 0 {
		c.place(s, Place{Partition: s.partition(), Account: s.ExpectedAccount, Region: s.Region})
	}
	return c.err()
}

// Fits returns the problems that a valid spec has in an account and Region.
func (s Spec) Fits(p Place) error {
	c := &checker{}
	c.place(s, p)
	if s.Organization && (p.Organization == "" || p.Management == "") {
		c.fail("organization", true, "the account %s is in no organization; set organization to false, or use an account that is in one", p.Account)
	}
	return c.err()
}

// checker collects problems.
type checker struct{ problems []error }

func (c *checker) err() error { return outcome.Usage(errors.Join(c.problems...)) }

// fail adds a problem with a field. A nil value is left out of the message.
func (c *checker) fail(field string, value any, remedy string, args ...any) {
	switch v := value.(type) {
	case nil:
	case string:
		field += fmt.Sprintf(" %q", shortened(v))
	default:
		field += fmt.Sprintf(" %v", v)
	}
	c.problems = append(c.problems, fmt.Errorf("%s: %s", field, fmt.Sprintf(remedy, args...)))
}

// matches reports whether a pattern matches the whole text, and adds a problem
// otherwise.
func (c *checker) matches(pattern, field, text, remedy string, args ...any) bool {
	ok := isLike(pattern, text)
	if !ok {
		c.fail(field, text, remedy, args...)
	}
	return ok
}

// oneOf reports whether text is one of the known values, and adds a problem otherwise.
func (c *checker) oneOf(field, text string, known ...string) bool {
	ok := slices.Contains(known, text)
	if !ok {
		c.fail(field, text, "choose %s%s", alternatives(known), guess(text, known))
	}
	return ok
}

// distinct adds a problem for each repeated text.
func (c *checker) distinct(field string, texts []string) {
	for i, text := range texts {
		if slices.Contains(texts[:i], text) {
			c.fail(at(field, i), text, "it is listed twice; remove one")
		}
	}
}

func at(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i) }

func (c *checker) tags(tags map[string]string) {
	const most = 49 // AWS allows 50, and OwnerTag is one
	if len(tags) > most {
		c.fail("tags", nil, "there are %d; keep at most %d", len(tags), most)
	}
	folded := map[string]string{}
	for _, key := range sortedKeys(tags) {
		field := join("tags", key)
		c.tag(field, key, tags[key])
		if other, ok := folded[fold(key)]; ok {
			c.fail(field, nil, "IAM takes it for %q, as it ignores case in keys; rename one of them", other)
		}
		folded[fold(key)] = key
	}
}

func (c *checker) tag(field, key, value string) {
	const letters = `[\p{L}\p{Z}\p{N}_.:/=+@-]*`
	fits := func(text string, least, most int) bool {
		length := utf8.RuneCountInString(text)
		return least <= length && length <= most && isLike(letters, text)
	}
	switch {
	case hasPrefixFold(key, "aws:"):
		c.fail(field, nil, "AWS keeps keys that start with aws: for itself; rename it")
	case hasPrefixFold(key, "trailkeeper:"):
		c.fail(field, nil, "keys that start with trailkeeper: mark resources of a trail; rename it")
	case !fits(key, 1, 128):
		c.fail(field, nil, "write the key in 1 to 128 letters, digits, spaces and _.:/=+-@")
	case !fits(value, 0, 256):
		c.fail(field, value, "write the value in at most 256 letters, digits, spaces and _.:/=+-@")
	}
}

func (c *checker) accounts(s Spec) {
	for i, id := range s.Accounts {
		c.matches(accountID, at("accounts", i), id, "write the account's id, twelve digits in quotes")
	}
	c.distinct("accounts", s.Accounts)
}

// place checks what depends on the account and Region. Unknown fields of p are "".
func (c *checker) place(s Spec, p Place) {
	for _, r := range s.references() {
		a, err := arn.ParseStart(r.arn)
		switch {
		case err != nil:
		case p.Partition != "" && a.Partition != p.Partition:
			c.fail(r.field, r.arn, "it is in the partition %s, the trail in %s; name one of %[2]s", a.Partition, p.Partition)
		case r.near != "" && p.Region != "" && a.Region != p.Region:
			c.fail(r.field, r.arn, "it is in the Region %s; name one of %s, where %s", a.Region, p.Region, r.near)
		}
	}
	for i, id := range s.Accounts {
		if owner := s.owner(p); id == owner && owner != "" {
			c.fail(at("accounts", i), id, "it is the trail's own account, which always delivers; remove it")
		}
	}
	c.sizes(s, p)
}

// sizes checks that policies fit the limits of the services. They grow with the
// accounts that deliver, and the key's with its readers.
func (c *checker) sizes(s Spec, p Place) {
	const maxBucketPolicy, maxKeyPolicy = 20 << 10, 32 << 10
	known := Place{
		Partition: cmp.Or(p.Partition, "aws"), Account: cmp.Or(p.Account, "000000000000"), Region: cmp.Or(p.Region, "ap-southeast-1"),
		Organization: p.Organization, Management: cmp.Or(p.Management, "000000000000"),
	}
	if size := len(s.BucketPolicy(known).String()); size > maxBucketPolicy {
		c.fail("accounts", nil, "for %d the policy of the bucket has %d bytes, more than the %d that S3 takes; name fewer, or make an organization trail",
			len(s.Accounts), size, maxBucketPolicy)
	}
	if size := len(s.KeyPolicy(known).String()); s.CreatesKey() && size > maxKeyPolicy {
		c.fail("kms_key_readers and accounts", nil, "for %d and %d the policy of the key has %d bytes, more than the %d that KMS takes; name fewer",
			len(s.KMSKeyReaders), len(s.Accounts), size, maxKeyPolicy)
	}
}

// reference is a resource outside the trail that the spec names.
type reference struct {
	field, arn string
	near       string // what requires it to be in the trail's Region; "" for any Region
}

func (s Spec) references() []reference {
	list := []reference{
		{"kms", s.KMS, "bucket and log group are"},
		{"sns", s.SNS, ""},
		{"alarms.topic_arn", s.Alarms.TopicARN, "the alarms are"},
	}
	add := func(field, arn string) { list = append(list, reference{field: field, arn: arn}) }
	for i, reader := range s.KMSKeyReaders {
		add(at("kms_key_readers", i), reader)
	}
	for i, subscription := range s.SNSSubscriptions {
		add(at("sns_subscriptions", i)+".endpoint", subscription.Endpoint)
	}
	for i, subscription := range s.Alarms.Subscriptions {
		add(at("alarms.subscriptions", i)+".endpoint", subscription.Endpoint)
	}
	for i, selector := range s.EventSelectors {
		for j, resource := range selector.DataResources {
			for k, value := range resource.Values {
				add(at(at(at("event_selectors", i)+".data_resources", j)+".values", k), value)
			}
		}
	}
	return list
}

// partition returns the partition of the Region or, without one, of the first named
// resource.
func (s Spec) partition() string {
	if s.Region != "" {
		return partition.Of(s.Region).ID
	}
	for _, r := range s.references() {
		if a, err := arn.ParseStart(r.arn); err == nil {
			return a.Partition
		}
	}
	return ""
}
