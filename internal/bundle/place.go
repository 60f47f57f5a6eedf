package bundle

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/cerpac/trailkeeper/internal/durable"
)

// Place writes the bundle to a path: whole or not at all, and only if there is no
// file of that name.
func (p *Packer) Place(path string) error {
	aside, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.partial")
	if err != nil {
		return fmt.Errorf("write bundle %q: %w", path, err)
	}
	if err := durable.Create(path, aside, func(f *os.File) error {
		_, err := p.WriteTo(f)
		return err
	}); err != nil {
		return fmt.Errorf("write bundle %q: %w", path, err)
	}
	return nil
}
