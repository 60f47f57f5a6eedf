package archive

import "time"

// Version is one of the versions that a bucket keeps of an object, or a marker of
// its deletion.
type Version struct {
	ID       string    `json:"id"` // "null" for what was written without versioning
	Modified time.Time `json:"last_modified"`
	Size     int64     `json:"size,omitempty"`
	Latest   bool      `json:"latest,omitempty"` // what a request without a version id gets
	Marker   bool      `json:"delete_marker,omitempty"`
	// Owner is the account that owns it: its canonical user id, or its name where
	// S3 tells it.
	Owner string `json:"owner,omitempty"`
}

// Lock is the state of Object Lock of a version.
type Lock struct {
	// Mode is GOVERNANCE, COMPLIANCE or empty, and Until when it ends.
	Mode  string    `json:"mode,omitempty"`
	Until time.Time `json:"retain_until,omitzero"`
	// LegalHold reports a hold without end.
	LegalHold bool `json:"legal_hold,omitempty"`
}
