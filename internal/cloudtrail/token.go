package cloudtrail

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"time"
)

// binding is a hash of a query. It must be the same for all pages.
type binding [sha256.Size]byte

func (in LookupRequest) binding(c Call) binding {
	in.NextToken, in.MaxResults = "", nil
	text, err := json.Marshal(struct {
		Account, Region string
		Request         LookupRequest
	}{c.Account, c.Region, in})
	if err != nil {
		panic(err) // cannot happen: it was decoded from JSON
	}
	return sha256.Sum256(text)
}

// timeSize is the size of the time that a token begins with, in bytes.
const timeSize = 8

// seal returns a token with the position of the last returned event: the time, the
// key and a checksum. The checksum detects tokens of other queries and modified tokens;
// it keeps nobody from making one, which would only show other events of the query.
func (b binding) seal(p Position) string {
	token := binary.BigEndian.AppendUint64(nil, uint64(p.At.UnixMilli()))
	token = append(token, p.Key...)
	sum := sha256.Sum256(append(b[:], token...))
	return base64.StdEncoding.EncodeToString(append(token, sum[:]...))
}

func (b binding) open(token string) (p Position, err error) {
	raw, err := base64.StdEncoding.DecodeString(token)
	if key := len(raw) - sha256.Size; err == nil && key >= timeSize {
		at := time.UnixMilli(int64(binary.BigEndian.Uint64(raw))).UTC()
		p = Position{at, string(raw[timeSize:key])}
	}
	if p.isZero() || b.seal(p) != token {
		return Position{}, Refuse("InvalidNextTokenException", "The next token is not valid, or not for this query.")
	}
	return p, nil
}
