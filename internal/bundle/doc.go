// Package bundle packs what a third party needs to repeat a verification into one
// file, and reads such files from anybody.
//
// A bundle is a tar file: digests as they were delivered with their metadata,
// public keys, the log of anchors, hashes of the log files, the result, and a
// README. Log files are in it where they are asked for. The content is compressed
// already, so the tar file is not, and its bytes depend on nothing but its
// content. docs/formats.md describes the format.
//
// A reader accepts exactly what Packer writes: a file that differs in a byte, in
// the order of its members, or in their kind is refused before any of it is used.
package bundle
