package bulkdelete

import (
	"bytes"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// Document returns a request's body without the framing of signed chunks.
func Document(header http.Header, body []byte) ([]byte, error) {
	if !strings.HasPrefix(header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return body, nil
	}
	var document []byte
	for {
		line, rest, ok := bytes.Cut(body, []byte("\r\n"))
		digits, _, _ := bytes.Cut(line, []byte(";"))
		size, err := strconv.ParseUint(string(digits), 16, 31)
		if !ok || err != nil {
			return nil, errors.New("read chunks: a chunk without a size")
		}
		if size == 0 {
			return document, nil // checksums and signatures follow
		}
		if uint64(len(rest)) < size+2 || string(rest[size:size+2]) != "\r\n" {
			return nil, errors.New("read chunks: a chunk whose size differs from its header")
		}
		document = append(document, rest[:size]...)
		body = rest[size+2:]
	}
}
