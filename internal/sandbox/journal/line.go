package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
	"time"
)

// header is the first line of a segment, with the version of the format.
const header = "trailkeeper journal 1\n"

// An entry is a line of fields with a tab between them:
//
//	CRC SEQ TIME ACCOUNT REGION CATEGORY RECORD
//
// CRC is the CRC-32C of the rest of the line after the tab, in eight hex digits. The
// record is JSON on one line, so a reader finds lines from either end of the file
// without decoding JSON.
const crcDigits = 8

var crcTable = crc32.MakeTable(crc32.Castagnoli)

// DamageError says where a segment differs from what was written.
type DamageError struct {
	File   string
	Offset int64 // of the line
	Cause  string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("journal %q is damaged at byte %d: %s", e.File, e.Offset, e.Cause)
}

// appendLine appends e as a line with its line break.
func appendLine(dst []byte, e Entry) ([]byte, error) {
	start := len(dst)
	dst = append(dst, "00000000\t"...)
	dst = strconv.AppendUint(dst, e.Seq, 10)
	dst = append(dst, '\t')
	dst = e.Time.UTC().AppendFormat(dst, time.RFC3339Nano)
	for _, field := range []string{e.Account, e.Region, e.Category} {
		if strings.ContainsAny(field, "\t\n") {
			return dst, fmt.Errorf("%q holds a tab or a line end", field)
		}
		dst = append(append(dst, '\t'), field...)
	}
	if bytes.IndexByte(e.Record, '\n') >= 0 {
		return dst, errors.New("a record is more than one line")
	}
	dst = append(append(dst, '\t'), e.Record...)
	sum := checksum(dst[start+crcDigits+1:])
	copy(dst[start:], sum[:])
	return append(dst, '\n'), nil
}

func checksum(body []byte) (digits [crcDigits]byte) {
	var sum [crcDigits / 2]byte
	binary.BigEndian.PutUint32(sum[:], crc32.Checksum(body, crcTable))
	hex.Encode(digits[:], sum[:])
	return digits
}

// parseLine parses a line without its line break. The record aliases the line. wrong
// says what is wrong with a damaged line, "" if nothing is.
func parseLine(line []byte) (e Entry, wrong string) {
	if len(line) <= crcDigits || line[crcDigits] != '\t' {
		return e, "not an entry"
	}
	body := line[crcDigits+1:]
	if sum := checksum(body); !bytes.Equal(line[:crcDigits], sum[:]) {
		return e, "wrong checksum"
	}
	fields := bytes.SplitN(body, []byte{'\t'}, 6)
	if len(fields) != 6 {
		return e, "not six fields"
	}
	var err error
	if e.Seq, err = strconv.ParseUint(string(fields[0]), 10, 64); err != nil {
		return e, "not a number"
	}
	if e.Time, err = time.Parse(time.RFC3339Nano, string(fields[1])); err != nil {
		return e, "not a time"
	}
	e.Account, e.Region, e.Category = string(fields[2]), string(fields[3]), string(fields[4])
	e.Record = fields[5]
	return e, ""
}
