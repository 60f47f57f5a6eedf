package digest

import (
	"crypto/md5"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// PublicKey is one key of a ListPublicKeys response. CloudTrail keys belong to
// a Region, not to an account, and are replaced about once a month.
type PublicKey struct {
	Value             []byte `json:"Value"` // DER; see ParsePublicKey
	ValidityStartTime Time   `json:"ValidityStartTime"`
	ValidityEndTime   Time   `json:"ValidityEndTime"`
	Fingerprint       string `json:"Fingerprint"`
}

// PublicKeyList is the response of ListPublicKeys.
type PublicKeyList struct {
	PublicKeyList []PublicKey `json:"PublicKeyList"`
}

// Time is a point in time that JSON writes as a number of epoch seconds, the
// form of the AWS JSON protocol. It is also read from a string holding such a
// number (as the documented samples have it) or an RFC 3339 time (as the AWS
// CLI prints it).
type Time struct{ time.Time }

// MarshalJSON writes whole epoch seconds.
func (t Time) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, t.Unix(), 10), nil
}

// UnmarshalJSON reads every form named at Time.
func (t *Time) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(seconds) < 1<<40 {
		whole, fraction := math.Modf(seconds)
		t.Time = time.Unix(int64(whole), int64(fraction*1e9)).UTC()
		return nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("parse key validity %q: want epoch seconds or an RFC 3339 time", text)
	}
	t.Time = at.UTC()
	return nil
}

// ParsePublicKeyList reads a saved ListPublicKeys answer and checks every
// key's fingerprint against its bytes.
func ParsePublicKeyList(b []byte) ([]PublicKey, error) {
	var list PublicKeyList
	if err := json.Unmarshal(b, &list); err != nil {
		return nil, fmt.Errorf("parse public keys: %w", err)
	}
	if list.PublicKeyList == nil {
		return nil, errors.New(`parse public keys: member "PublicKeyList" is missing`)
	}
	for _, k := range list.PublicKeyList {
		if got := Fingerprint(k.Value); !strings.EqualFold(got, k.Fingerprint) {
			return nil, fmt.Errorf("parse public keys: key of fingerprint %q has the bytes of %q", k.Fingerprint, got)
		}
	}
	return list.PublicKeyList, nil
}

// Fingerprint is the name digests use for a key: lower-case hex MD5 of its DER
// bytes as ListPublicKeys returns them. AWS does not document it; every sample
// key in its documentation agrees. It identifies a key, it proves no origin.
func Fingerprint(der []byte) string {
	sum := md5.Sum(der)
	return hex.EncodeToString(sum[:])
}

// ParsePublicKey reads the DER of a CloudTrail public key: PKCS #1, the
// documented form, or else SubjectPublicKeyInfo, which AWS's own samples also
// contain ("the encoding is subject to change").
func ParsePublicKey(der []byte) (*rsa.PublicKey, error) {
	key, errPKCS1 := x509.ParsePKCS1PublicKey(der)
	if errPKCS1 == nil {
		return key, nil
	}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, fmt.Errorf("parse public key %s: neither PKCS #1 (%w) nor PKIX (%w)", Fingerprint(der), errPKCS1, err)
	}
	key, ok := public.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("parse public key %s: %T, not RSA", Fingerprint(der), public)
	}
	return key, nil
}
