// Package journal is the durable list of the events a sandbox recorded.
package journal

import "time"

// Entry is one recorded event.
type Entry struct {
	// Seq numbers entries from 1 in the order they were appended, without gaps.
	Seq uint64
	// Time is when the call arrived, by the sandbox's clock.
	Time time.Time
	// Account, Region and Category are those of the record: recipientAccountId,
	// awsRegion, eventCategory.
	Account  string
	Region   string
	Category string
	// Record is the CloudTrail record as JSON on one line.
	Record []byte
}
