package archive

import "time"

// Attributes are what S3 keeps beside the bytes of an object. A copy of an archive
// may lack any of them.
type Attributes struct {
	// Metadata is the user metadata, names without x-amz-meta-.
	Metadata map[string]string `json:"metadata,omitempty"`
	ETag     string            `json:"etag,omitempty"`
	Version  string            `json:"version_id,omitempty"`
	Modified time.Time         `json:"last_modified,omitzero"`
	// Lock is the mode of Object Lock, GOVERNANCE or COMPLIANCE, and RetainUntil
	// when it ends. LegalHold reports a hold without end.
	Lock        string    `json:"lock_mode,omitempty"`
	RetainUntil time.Time `json:"retain_until,omitzero"`
	LegalHold   bool      `json:"legal_hold,omitempty"`
}
