package trail

// existingBucket refuses settings that only the owner of an existing bucket can apply.
// It also refuses a created key: destroy would delete it, and the logs in the bucket
// would become unreadable.
func (c *checker) existingBucket(s Spec) {
	e := s.ExistingBucket
	if e == nil {
		return
	}
	if fault := bucketFault(e.Name); fault != "" {
		c.fail("existing_bucket.name", e.Name, "it %s; give the name of a bucket that is there", fault)
	}
	c.matches(accountID, "existing_bucket.owner", e.Owner, "write the id of the bucket's account, twelve digits in quotes")
	for _, f := range []struct {
		field string
		value any
		given bool
	}{
		{"bucket_name", s.BucketName, s.BucketName != ""},
		{"force_destroy", true, s.ForceDestroy},
		{"object_lock", nil, s.ObjectLock != nil},
		{"glacier_after_days", s.GlacierAfterDays, s.GlacierAfterDays != 0},
		{"access_logging", s.AccessLogging, s.LogsAccess()},
		{"accounts", nil, len(s.Accounts) > 0},
	} {
		if f.given {
			c.fail(f.field, f.value, "it is for a bucket that is made here, and existing_bucket is set; remove one of them")
		}
	}
	if s.CreatesKey() {
		c.fail("kms", s.KMS, "destroy would take the key away that logs in the existing bucket need; give the ARN of a key of the bucket's owner, or %s", none)
	}
}
