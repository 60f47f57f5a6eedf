// Command generate writes the filters of the catalogue into the Terraform module of the alarms.
//
//	go generate ./controls
//
// It takes the folder of the module, writes filters.tf in it, and the rows of the
// table of alarms in its README.md.
package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/cerpac/trailkeeper/controls"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: generate FOLDER_OF_MODULE")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes both files of the module.
func run(module string) error {
	list, err := controls.All()
	if err != nil {
		return err
	}
	var filters bytes.Buffer
	if err := controls.WriteTerraform(&filters, list); err != nil {
		return err
	}
	readme := filepath.Join(module, "README.md")
	page, err := os.ReadFile(readme)
	if err != nil {
		return err
	}
	page, err = replaceTable(page, table(list))
	if err != nil {
		return fmt.Errorf("write table of alarms in %q: %w", readme, err)
	}
	if err := os.WriteFile(readme, page, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(module, "filters.tf"), filters.Bytes(), 0o644)
}
