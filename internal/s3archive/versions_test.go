package s3archive

import (
	"os/exec"
	"strings"
	"testing"
)

// A shell reads the words of a command as they were.
func TestQuotedWords(t *testing.T) {
	words := []string{"plain-1.json.gz", "", "a b", "it's", "$HOME", "`id`", "a\\b", "\x1b[31m", "l\nine", "\xff\xfe1", "ü", "*?[", "a;b&c|d"}
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = quoteWord(word)
		if strings.ContainsFunc(quoted[i], func(r rune) bool { return r < ' ' }) {
			t.Errorf("%q is quoted %q, with control characters", word, quoted[i])
		}
	}
	out, err := exec.Command("bash", "-c", "printf '%s\\0' "+strings.Join(quoted, " ")).Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Join(words, "\x00") + "\x00"; string(out) != want {
		t.Errorf("bash reads %q\nwant       %q", out, want)
	}
}

func TestCommands(t *testing.T) {
	s := &Source{bucket: "b", opts: Options{Profile: "audit or", Endpoint: "http://127.0.0.1:1"}}
	region := "eu-west-1"
	s.region.Store(&region)
	const settings = " --profile 'audit or' --region eu-west-1 --endpoint-url http://127.0.0.1:1"
	if got, want := s.CopyBackCommand("a/b c+d", "v=1"), "aws s3api copy-object --bucket b --key 'a/b c+d' --copy-source 'b/a/b%20c%2Bd?versionId=v%3D1'"+settings; got != want {
		t.Errorf("copy is %s\nwant    %s", got, want)
	}
	if got, want := s.UndeleteCommand("k", "null"), "aws s3api delete-object --bucket b --key k --version-id null"+settings; got != want {
		t.Errorf("undelete is %s\nwant        %s", got, want)
	}
}

func TestProtectionText(t *testing.T) {
	for want, p := range map[string]Protection{
		"versioning is off, without Object Lock":                                    {},
		"versioning is suspended, without Object Lock":                              {Versioning: "Suspended"},
		"versioning is on, Object Lock is on without a default retention":           {Versioning: "Enabled", ObjectLock: true},
		"versioning is on, new versions are locked in mode COMPLIANCE for 7 years":  {Versioning: "Enabled", ObjectLock: true, Mode: "COMPLIANCE", Years: 7},
		"versioning is on, new versions are locked in mode GOVERNANCE for 365 days": {Versioning: "Enabled", ObjectLock: true, Mode: "GOVERNANCE", Days: 365},
	} {
		if got := p.String(); got != want {
			t.Errorf("protection is %q, want %q", got, want)
		}
	}
}
