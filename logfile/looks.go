package logfile

import "bytes"

// looksLike describes text that is not JSON, with a hint, as far as its
// beginning allows.
func looksLike(head []byte) string {
	start := bytes.ToLower(head[:min(len(head), 200)])
	for _, begins := range []string{"<!doctype html", "<html"} {
		if bytes.HasPrefix(start, []byte(begins)) {
			return "not JSON but an HTML page: fetch the log file itself"
		}
	}
	switch {
	case bytes.HasPrefix(start, []byte("<")) && bytes.Contains(start, []byte("<error>")):
		return "not JSON but an error message of S3: fetch the log file again"
	case bytes.HasPrefix(start, []byte("<?xml")):
		return "not JSON but XML: export the events as JSON"
	}
	return "not JSON"
}
