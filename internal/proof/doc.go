// Package proof finds what proves chosen events: their log files, the digests that
// list these, and the digests after them up to an anchor.
//
// A later digest names the hash and the signature of the one before it. So the
// digests from one to another prove that nothing between them was changed after the
// last one was seen.
package proof
