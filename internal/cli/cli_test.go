package cli_test

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"

	"github.com/cerpac/trailkeeper/internal/cli"
)

func TestDropUnread(t *testing.T) {
	other := errors.New("close lake: gone")
	for _, test := range []struct{ err, want error }{
		{nil, nil},
		{cli.ErrUnread, nil},
		{fmt.Errorf("demo: %w", cli.ErrUnread), nil},
		{errors.Join(cli.ErrUnread, nil), nil},
		{errors.Join(cli.ErrUnread, other), other},
		{other, other},
		{syscall.EPIPE, syscall.EPIPE}, // of a network, perhaps
	} {
		if got := cli.DropUnread(test.err); (got == nil) != (test.want == nil) || !errors.Is(got, test.want) {
			t.Errorf("DropUnread(%v) = %v, want %v", test.err, got, test.want)
		}
	}
}

func TestFirstSignalCancelsSecondExits(t *testing.T) {
	signals, exited := make(chan os.Signal), make(chan int)
	ctx := cli.CancelOn(t.Context(), signals, func(code int) { exited <- code })
	if ctx.Err() != nil {
		t.Fatal("cancelled without a signal")
	}
	signals <- os.Interrupt
	<-ctx.Done()
	signals <- os.Interrupt
	if code := <-exited; code != 130 {
		t.Errorf("the second signal exits with %d, want 130", code)
	}
}
