package unpack

import (
	"archive/tar"
	"bytes"
	"errors"
	"strings"
	"testing"
)

// What cannot be unpacked says what it is: skipped where it is of a kind that
// holds no records, failed with what helps where it may hold some.
func TestKinds(t *testing.T) {
	rest := strings.Repeat("\x00\x01\x02", 200)
	for _, test := range []struct{ in, skipped, failed string }{
		{in: "\x89PNG\r\n\x1a\n" + rest, skipped: "image"},
		{in: "\xff\xd8\xff\xe0" + rest, skipped: "image"},
		{in: "GIF89a" + rest, skipped: "image"},
		{in: "RIFF\x00\x00\x00\x00WEBP" + rest, skipped: "image"},
		{in: "%PDF-1.7\n" + rest, skipped: "PDF document"},
		{in: "\x7fELF" + rest, skipped: "program"},
		{in: "MZ\x90\x00" + rest, skipped: "program"},
		{in: "#!/bin/sh\necho hi\n", skipped: "script"},
		{in: "PAR1" + rest, skipped: "Parquet file"},
		{in: "SQLite format 3\x00" + rest, skipped: "SQLite database"},
		{in: "\x00\x00\x00\x01Bud1" + rest, skipped: "folder settings of macOS"},
		{in: "-----BEGIN PGP SIGNATURE-----\n", skipped: "signature"},
		{in: "7z\xbc\xaf\x27\x1c" + rest, failed: "7z archive: unpack it first"},
		{in: "Rar!\x1a\x07\x01\x00" + rest, failed: "RAR archive: unpack it first"},
		{in: "\x04\x22\x4d\x18" + rest, failed: "LZ4 file: unpack it first"},
		{in: "\xff\x06\x00\x00sNaPpY" + rest, failed: "Snappy file: unpack it first"},
		{in: "\x1f\x9d\x90" + rest, failed: "LZW file (.Z): unpack it first"},
		{in: "\x78\x9c" + rest, failed: "zlib stream: unpack it first"},
		{in: "\x5d\x00\x00\x80\x00" + rest, failed: "LZMA file: unpack it first"},
		{in: "PK\x07\x08" + rest, failed: "split zip: join its parts first"},
		{in: "070701" + rest, failed: "cpio archive: unpack it first"},
		{in: "!<arch>\n", failed: "ar archive: unpack it first"},
		{in: "age-encryption.org/v1\n-> X25519", failed: "encrypted with age: decrypt it first"},
		{in: "-----BEGIN PGP MESSAGE-----\n", failed: "encrypted with PGP: decrypt it first"},
		{in: "Salted__" + rest, failed: "encrypted with OpenSSL: decrypt it first"},
		{in: "Obj\x01" + rest, failed: "Avro file: export its rows as JSON first"},
		{in: "ORC" + rest, failed: "ORC file: export its rows as JSON first"},
		{in: "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + rest, failed: "old Office document: save it as CSV first"},
		{in: "\xff\xfe\x00\x00{\x00\x00\x00", failed: "UTF-32 text: convert it to UTF-8 first"},
		{in: strings.Repeat("\x00", 10240), failed: "binary data of an unknown kind: unpack or decrypt it first"},
		{in: "\x00\x01\x02\x03", failed: "binary data of an unknown kind: unpack or decrypt it first"},
		{in: "\xfa\xf1\xe9\xc7\x91", failed: "binary data of an unknown kind: unpack or decrypt it first"},
		// Text that begins as another kind does, and JSON whatever is in it.
		{in: "MZ,ORC,LZIP\n1,2,3\n"},
		{in: "BM,eventName\n"},
		{in: "GIF8 is what images begin with\n"},
		{in: "caf\xe9 au lait, a text in Latin-1\n"},
		{in: `{"a":"` + "\x00\xff\x01" + `"}`},
		{in: "\ufeff[null]"},
		{in: " \n"},
	} {
		for _, pack := range []func(testing.TB, string) string{func(_ testing.TB, s string) string { return s }, gzipOf} {
			_, err := texts(t, strings.NewReader(pack(t, test.in)))
			var foreign *ForeignError
			var fault *FaultError
			switch {
			case errors.As(err, &foreign) && foreign.What == test.skipped && test.failed == "":
			case errors.As(err, &fault) && fault.Cause == test.failed && test.skipped == "":
			case err == nil && test.skipped == "" && test.failed == "":
			default:
				t.Errorf("%.20q: %v, want skipped %q, failed %q", test.in, err, test.skipped, test.failed)
			}
		}
	}
}

// Members that are no files, or cannot be opened, are told.
func TestOddMembers(t *testing.T) {
	encrypted := []byte(zipOf(t, file{"m", sample}))
	for _, magic := range []string{zipMagic, zipEntryMagic} {
		at := bytes.Index(encrypted, []byte(magic))
		encrypted[at+map[string]int{zipMagic: 6, zipEntryMagic: 8}[magic]] |= 1
	}
	deflate64 := []byte(zipOf(t, file{"m", sample}))
	for _, magic := range []string{zipMagic, zipEntryMagic} {
		at := bytes.Index(deflate64, []byte(magic))
		deflate64[at+map[string]int{zipMagic: 8, zipEntryMagic: 10}[magic]] = 9
	}
	var links bytes.Buffer
	w := tar.NewWriter(&links)
	for _, h := range []*tar.Header{{Name: "d/", Typeflag: tar.TypeDir}, {Name: "l", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}, {Name: "f", Typeflag: tar.TypeFifo}} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ in, member, err string }{
		"encrypted":    {string(encrypted), "m", "encrypted zip member: decrypt it first at byte 0"},
		"other method": {string(deflate64), "m", "zip member compressed by method 9: unpack it first at byte 0"},
		"link":         {links.String(), "l", "link"},
		"split":        {strings.Replace(zipOf(t, file{"m", sample}), zipEndMagic+"\x00", zipEndMagic+"\x03", 1), "", "corrupt zip: split into several files: join them first at byte 0"},
		"prefix":       {"PK\x03\x04", "", "truncated zip: no directory at its end at byte 0"},
	} {
		found, err := texts(t, strings.NewReader(test.in))
		if _, ok := found[test.member]; err == nil || err.Error() != test.err || ok != (test.member != "") {
			t.Errorf("%s: %q, %v, want %q of %q", name, found, err, test.err, test.member)
		}
	}
}

// A faulty member is no reason to give up on those after it.
func TestGoodMembersAfterBad(t *testing.T) {
	cut := gzipOf(t, sample)[:40]
	for name, packed := range map[string]string{
		"tar": tarOf(t, file{"bad.gz", cut}, file{"bad.zip", "PK\x03\x04"}, file{"good", sample}),
		"zip": zipOf(t, file{"bad.gz", cut}, file{"bad.zip", "PK\x03\x04"}, file{"good", sample}),
	} {
		found, err := texts(t, strings.NewReader(packed))
		if len(found) != 3 || found["good"] != sample || err == nil || !strings.HasPrefix(err.Error(), "truncated gzip") {
			t.Errorf("%s: %q, %v", name, found, err)
		}
	}
}
