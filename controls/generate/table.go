package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cerpac/trailkeeper/controls"
)

// header is the first line of the table of alarms.
const header = "| alarm | CIS 1.4 to 5.0 | CIS 6.0, 7.0 | Security Hub |\n"

// table has the controls in order of their numbers, those without after them.
func table(list []controls.Control) []byte {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b controls.Control) int { return cmp.Compare(order(a), order(b)) })
	var text bytes.Buffer
	text.WriteString(header + "|---|---|---|---|\n")
	for _, c := range list {
		hub := c.SecurityHub
		if c.Set == controls.Tamper {
			hub = "only with `tamper = true`"
		}
		fmt.Fprintf(&text, "| `%s` |%s|%s|%s|\n", c.ID, cell(c.CIS["5.0.0"]), cell(c.CIS["6.0.0"]), cell(hub))
	}
	return text.Bytes()
}

func cell(text string) string {
	if text == "" {
		return " "
	}
	return " " + text + " "
}

// order is the last part of a control's number.
func order(c controls.Control) int {
	_, last, _ := strings.Cut(c.CIS["5.0.0"], ".")
	n, err := strconv.Atoi(last)
	if err != nil {
		return 1000
	}
	return n
}

// replaceTable puts a table in the place of the one that starts with the same
// header.
func replaceTable(page, table []byte) ([]byte, error) {
	before, rest, found := bytes.Cut(page, []byte(header))
	if !found {
		return nil, errors.New("its header is not there")
	}
	_, after, found := bytes.Cut(rest, []byte("\n\n"))
	if !found {
		return nil, errors.New("it has no end")
	}
	return slices.Concat(before, table, []byte("\n"), after), nil
}
