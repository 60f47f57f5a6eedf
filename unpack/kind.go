package unpack

import (
	"bytes"
	"unicode/utf8"
)

// kindLink is the kind of a skipped link in an archive: its target is another
// member, or outside.
const kindLink = "link"

// signature is the bytes that identify a kind of file, and their offset.
type signature struct {
	at    int
	magic string
	what  string
}

// foreignKinds returns the kinds of file that hold no log records.
func foreignKinds() []signature {
	return []signature{
		{0, "\x89PNG\r\n\x1a\n", "image"},
		{0, "\xff\xd8\xff", "image"},
		{0, "GIF8", "image"},
		{8, "WEBP", "image"},
		{0, "II*\x00", "image"},
		{0, "MM\x00*", "image"},
		{0, "\x00\x00\x01\x00", "image"}, // an icon
		{0, "8BPS", "image"},
		{0, "\x7fELF", "program"},
		{0, "MZ", "program"},
		{0, "\xca\xfe\xba\xbe", "program"},
		{0, "\xcf\xfa\xed\xfe", "program"},
		{0, "\xce\xfa\xed\xfe", "program"},
		{0, "\x00asm", "program"},
		{0, "PAR1", "Parquet file"},
		{0, "PARE", "Parquet file"},
		{0, "SQLite format 3\x00", "SQLite database"},
		{8, "DUCK", "DuckDB database"},
		{0, "\x00\x00\x00\x01Bud1", "folder settings of macOS"},
		{0, "\x00\x05\x16\x07", "file attributes of macOS"},
		{4, "ftyp", "video or sound"},
		{0, "ID3", "video or sound"},
		{0, "OggS", "video or sound"},
		{8, "WAVE", "video or sound"},
		{8, "AVI ", "video or sound"},
		{0, "wOFF", "font"},
		{0, "wOF2", "font"},
		{0, "OTTO\x00", "font"},
		{0, "\xd4\xc3\xb2\xa1", "network capture"},
		{0, "\x0a\x0d\x0d\x0a", "network capture"},
	}
}

// packedKinds returns the kinds of file that may hold log records but cannot be
// read, each with a hint.
func packedKinds() []signature {
	return []signature{
		{0, "7z\xbc\xaf\x27\x1c", "7z archive: unpack it first"},
		{0, "Rar!\x1a\x07", "RAR archive: unpack it first"},
		{0, "\x04\x22\x4d\x18", "LZ4 file: unpack it first"},
		{0, "\x02\x21\x4c\x18", "LZ4 file: unpack it first"},
		{0, "\xff\x06\x00\x00sNaPpY", "Snappy file: unpack it first"},
		{0, "\x1f\x9d", "LZW file (.Z): unpack it first"},
		{0, "\x1f\xa0", "LZH file (.Z): unpack it first"},
		{0, "\x1f\x1e", "packed file (.z): unpack it first"},
		{0, "LZIP", "lzip file: unpack it first"},
		{0, "\x89LZO\x00\r\n\x1a\n", "lzop file: unpack it first"},
		{0, "\x5d\x00\x00", "LZMA file: unpack it first"},
		{0, "\x78\x01", "zlib stream: unpack it first"},
		{0, "\x78\x9c", "zlib stream: unpack it first"},
		{0, "\x78\xda", "zlib stream: unpack it first"},
		{0, "PK\x07\x08", "split zip: join its parts first"},
		{0, "PK00PK\x03\x04", "split zip: join its parts first"},
		{0, "MSCF", "CAB archive: unpack it first"},
		{0, "070701", "cpio archive: unpack it first"},
		{0, "070707", "cpio archive: unpack it first"},
		{0, "\xc7\x71", "cpio archive: unpack it first"},
		{0, "xar!", "xar archive: unpack it first"},
		{0, "Obj\x01", "Avro file: export its rows as JSON first"},
		{0, "ORC", "ORC file: export its rows as JSON first"},
		{0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Office document: save it as CSV first"},
		{0, "\xff\xfe\x00\x00", "UTF-32 text: convert it to UTF-8 first"},
		{0, "\x00\x00\xfe\xff", "UTF-32 text: convert it to UTF-8 first"},
	}
}

// textKinds returns the kinds of both sorts that begin with text.
func textKinds() []signature {
	return []signature{
		{0, "%PDF-", "PDF document"},
		{0, "%!PS", "PostScript document"},
		{0, "{\\rtf", "RTF document"},
		{0, "#!", "script"},
		{0, "-----BEGIN PGP SIGNATURE-----", "signature"},
		{0, "-----BEGIN PGP SIGNED MESSAGE-----", "signature"},
		{0, "-----BEGIN CERTIFICATE-----", "certificate"},
		{0, "-----BEGIN PUBLIC KEY-----", "key"},
	}
}

// textSecrets returns the kinds that begin with text and may hold log records.
func textSecrets() []signature {
	return []signature{
		{0, "age-encryption.org/", "encrypted with age: decrypt it first"},
		{0, "-----BEGIN AGE ENCRYPTED FILE", "encrypted with age: decrypt it first"},
		{0, "-----BEGIN PGP MESSAGE-----", "encrypted with PGP: decrypt it first"},
		{0, "Salted__", "encrypted with OpenSSL: decrypt it first"},
		{0, "!<arch>\n", "ar archive: unpack it first"},
	}
}

// kindOf returns the error for a stream that is not text, or nil for text. A
// stream that begins like JSON is always text.
func kindOf(head []byte) error {
	if what := match(head, textSecrets()); what != "" {
		return &FaultError{Cause: what}
	}
	if what := match(head, textKinds()); what != "" {
		return &ForeignError{what}
	}
	if utf32 := bytes.HasPrefix(head, []byte("\xff\xfe\x00\x00")); !utf32 && byteOrder(head) != nil || !isBinary(head) {
		return nil
	}
	if what := match(head, packedKinds()); what != "" {
		return &FaultError{Cause: what}
	}
	if what := match(head, foreignKinds()); what != "" {
		return &ForeignError{what}
	}
	return &FaultError{Cause: "binary data of an unknown kind: unpack or decrypt it first"}
}

func match(head []byte, kinds []signature) string {
	for _, s := range kinds {
		if len(head) >= s.at+len(s.magic) && string(head[s.at:s.at+len(s.magic)]) == s.magic {
			return s.what
		}
	}
	return ""
}

// isBinary reports whether a stream does not begin like text.
func isBinary(head []byte) bool {
	start := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(start) == 0 || bytes.IndexByte([]byte("{[\""), start[0]) >= 0 {
		return false
	}
	odd := 0
	for rest := head; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		switch {
		case r == 0:
			return true
		case r == utf8.RuneError && size == 1 && utf8.FullRune(rest), r < ' ' && r != '\t' && r != '\r' && r != '\n' && r != 0x1b:
			odd++
		}
		rest = rest[size:]
	}
	return odd*10 > len(head)
}
