package lakes_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/cerpac/trailkeeper/internal/cli/lakes"
	"github.com/cerpac/trailkeeper/internal/outcome"
)

// Errors of the system get advice by their kind.
func TestLakeHints(t *testing.T) {
	for code, want := range map[syscall.Errno]string{
		syscall.EACCES: "this user may not use the file", syscall.EPERM: "this user may not use the file",
		syscall.EROFS: "read-only", syscall.ENOSPC: "free some space", syscall.EDQUOT: "free some space", syscall.ENOTDIR: "a file stands where",
	} {
		err := lakes.Explain(fmt.Errorf("open lake %q: %w", "x", &os.PathError{Op: "open", Path: "x/y", Err: code}))
		if hint := outcome.Hint(err); !strings.Contains(hint, want) || outcome.ExitCode(err) != outcome.Unseen {
			t.Errorf("%v: hint %q, exit code %d", code, hint, outcome.ExitCode(err))
		}
	}
	if err := lakes.Explain(errors.New("other")); outcome.Hint(err) != "" || err.Error() != "other" || lakes.Explain(nil) != nil {
		t.Errorf("an error without advice became %v", err)
	}
}
