package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/cerpac/trailkeeper/internal/moto"
	"github.com/cerpac/trailkeeper/internal/outcome"
)

func TestSandboxWithoutMoto(t *testing.T) {
	t.Setenv("PATH", "")
	s := systemStreams()
	err := execute(t.Context(), []string{"sandbox", "--listen", "127.0.0.1:0"}, s)
	if !errors.Is(err, moto.ErrMissing) || outcome.ExitCode(err) != outcome.Unseen {
		t.Errorf("got %v", err)
	}
	if hint := outcome.Hint(err); !strings.Contains(hint, `pip install "moto[server]"`) || !strings.Contains(hint, "--upstream") {
		t.Errorf("hint %q", hint)
	}
}
