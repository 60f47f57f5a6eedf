package bundle

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/cerpac/trailkeeper/internal/durable"
)

// Place writes the bundle to a path: whole or not at all, and only if there is no
// file of that name. It ends early with ctx.
func (p *Packer) Place(ctx context.Context, path string) error {
	aside, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.partial")
	if err != nil {
		return fmt.Errorf("write bundle %q: %w", path, err)
	}
	if err := durable.Create(path, aside, func(f *os.File) error {
		_, err := p.WriteTo(writerUntil{ctx, f})
		return err
	}); err != nil {
		return fmt.Errorf("write bundle %q: %w", path, err)
	}
	return nil
}

// writerUntil is a writer whose writes end with ctx.
type writerUntil struct {
	ctx context.Context
	to  io.Writer
}

func (w writerUntil) Write(b []byte) (int, error) {
	if w.ctx.Err() != nil {
		return 0, context.Cause(w.ctx)
	}
	return w.to.Write(b)
}
