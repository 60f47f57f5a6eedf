// Package digest reads and writes CloudTrail digest files: the hourly, signed,
// chained lists of delivered log files that make an archive tamper-evident.
//
// It holds the format only: parsing, the string that is signed, signatures and
// public keys. Walking a chain is left to the caller. The format is the one of
// "CloudTrail digest file structure" and "Custom implementations of CloudTrail
// log file integrity validation" in the AWS CloudTrail user guide.
package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

const (
	// SignatureAlgorithm is the only signature algorithm CloudTrail uses.
	SignatureAlgorithm = "SHA256withRSA"
	// HashAlgorithm is the only hash algorithm CloudTrail uses.
	HashAlgorithm = "SHA-256"
)

// Names of the S3 user metadata of a digest object, without their x-amz-meta-
// prefix in HTTP headers. The signature of a digest is stored there and, later,
// in its successor; nowhere else.
const (
	MetadataSignature          = "signature"
	MetadataSignatureAlgorithm = "signature-algorithm"
	// MetadataBackfillTimestamp exists on backfill digests only and tells the
	// time whose public key signed them, as 2025-05-20T00:00:00.000Z.
	MetadataBackfillTimestamp = "backfill-generation-timestamp"
)

// Digest is the content of one digest file. Fields keep the order and names of
// the format; a nil pointer is a JSON null. Times are kept as they are written,
// because the signature covers their text.
type Digest struct {
	AWSAccountID    string `json:"awsAccountId"`
	DigestStartTime string `json:"digestStartTime"` // of the log files' delivery, not of their events
	DigestEndTime   string `json:"digestEndTime"`
	DigestS3Bucket  string `json:"digestS3Bucket"`
	DigestS3Object  string `json:"digestS3Object"`

	DigestPublicKeyFingerprint string `json:"digestPublicKeyFingerprint"`
	DigestSignatureAlgorithm   string `json:"digestSignatureAlgorithm"`

	// Over all listed logs, null when none is listed.
	NewestEventTime *string `json:"newestEventTime"`
	OldestEventTime *string `json:"oldestEventTime"`

	// All five are null in the first digest of a chain.
	PreviousDigestS3Bucket      *string `json:"previousDigestS3Bucket"`
	PreviousDigestS3Object      *string `json:"previousDigestS3Object"`
	PreviousDigestHashValue     *string `json:"previousDigestHashValue"`
	PreviousDigestHashAlgorithm *string `json:"previousDigestHashAlgorithm"`
	PreviousDigestSignature     *string `json:"previousDigestSignature"`

	LogFiles []LogFile `json:"logFiles"`
}

// LogFile is one delivered log file as a digest lists it.
type LogFile struct {
	S3Bucket        string `json:"s3Bucket"`
	S3Object        string `json:"s3Object"`
	HashValue       string `json:"hashValue"` // hex SHA-256 of the uncompressed log
	HashAlgorithm   string `json:"hashAlgorithm"`
	NewestEventTime string `json:"newestEventTime"`
	OldestEventTime string `json:"oldestEventTime"`
}

// IsStarting reports whether d begins a chain, that is, names no predecessor.
func (d *Digest) IsStarting() bool { return d.PreviousDigestSignature == nil }

// Parse parses an uncompressed digest. Unknown fields are ignored, as AWS may
// add some; a missing field that verification needs is an error.
func Parse(body []byte) (*Digest, error) {
	var d Digest
	if err := json.Unmarshal(body, &d); err != nil {
		return nil, fmt.Errorf("parse digest: %w", err)
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("parse digest: %w", err)
	}
	return &d, nil
}

func (d *Digest) check() error {
	for _, f := range []struct{ name, value string }{
		{"awsAccountId", d.AWSAccountID},
		{"digestS3Bucket", d.DigestS3Bucket},
		{"digestS3Object", d.DigestS3Object},
		{"digestPublicKeyFingerprint", d.DigestPublicKeyFingerprint},
	} {
		if f.value == "" {
			return fmt.Errorf("field %q is missing", f.name)
		}
	}
	for name, value := range map[string]string{"digestStartTime": d.DigestStartTime, "digestEndTime": d.DigestEndTime} {
		if _, err := time.Parse(time.RFC3339, value); err != nil {
			return fmt.Errorf("field %q is %q, not a time", name, value)
		}
	}
	if d.LogFiles == nil {
		return errors.New(`field "logFiles" is missing`)
	}
	return nil
}

// Encode writes d as CloudTrail does: one line of compact JSON, an empty list
// of log files as [].
func (d *Digest) Encode() ([]byte, error) {
	c := *d
	if c.LogFiles == nil {
		c.LogFiles = []LogFile{}
	}
	b, err := json.Marshal(&c)
	if err != nil {
		return nil, fmt.Errorf("encode digest %q: %w", d.DigestS3Object, err)
	}
	return b, nil
}

// StringToSign returns the text that a digest's signature covers. body is the digest's
// uncompressed bytes exactly as stored. For the first digest of a chain, the word null
// replaces the predecessor's signature.
func StringToSign(d *Digest, body []byte) string {
	sum := sha256.Sum256(body)
	return stringToSign(d, hex.EncodeToString(sum[:]))
}

func stringToSign(d *Digest, hash string) string {
	previous := "null"
	if d.PreviousDigestSignature != nil {
		previous = *d.PreviousDigestSignature
	}
	return d.DigestEndTime + "\n" +
		d.DigestS3Bucket + "/" + d.DigestS3Object + "\n" +
		hash + "\n" +
		previous
}
