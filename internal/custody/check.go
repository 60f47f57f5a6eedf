package custody

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/cerpac/trailkeeper/internal/scan"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// Proof is what proven digests say of one log file.
type Proof struct {
	texts  *verify.Texts
	claims []claim
	digest string // of the claim that the content agrees with
}

// claim is what one digest says of a log file.
type claim struct {
	digest string // its key
	hash   [sha256.Size]byte
}

// Digest returns the key of the digest that vouches for the content that Check
// found.
func (p *Proof) Digest() string { return p.digest }

// maxRoom bounds the text that is held in memory. A longer one is unpacked twice.
const maxRoom = 8 << 20

// Check compares a log file as it is stored with what the digests say. The text that
// it returns is the one that was hashed: held in room, or unpacked again, in the same
// strict way, from the same copy.
func (p *Proof) Check(stored io.ReadSeeker, room *bytes.Buffer) (io.Reader, *scan.Refusal, error) {
	room.Reset()
	whole := true
	hash, bad := p.texts.Hash(stored, func(piece []byte) {
		if whole = whole && room.Len()+len(piece) <= maxRoom; whole {
			room.Write(piece)
		}
	})
	if bad != nil {
		return nil, refusal(bad.State, bad.Reason), nil
	}
	if !p.agrees(hash) {
		return nil, refusal(verify.Tampered, "differs from what was delivered"), nil
	}
	if whole {
		return room, nil, nil
	}
	if _, err := stored.Seek(0, io.SeekStart); err != nil {
		return nil, nil, fmt.Errorf("read log file again: %w", err)
	}
	text, err := gzip.NewReader(bufio.NewReader(stored))
	if err != nil {
		return nil, nil, fmt.Errorf("read log file again: %w", err)
	}
	text.Multistream(false)
	return text, nil, nil
}

// agrees reports whether some digest names a hash, and notes which.
func (p *Proof) agrees(hash string) bool {
	for _, c := range p.claims {
		if hex.EncodeToString(c.hash[:]) == hash {
			p.digest = c.digest
			return true
		}
	}
	return false
}
