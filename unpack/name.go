package unpack

import (
	"strings"

	"github.com/cerpac/trailkeeper/archive"
)

// maxName bounds how much of a member's name is kept: each event from it
// carries the name.
const maxName = 1024

// joined names a member of an archive that is itself a member, or the file, as
// text without control characters. A member without a name is called "?".
func joined(member, name string) string {
	name = strings.TrimPrefix(name, "./")
	name = archive.EscapeName(name[:min(len(name), maxName)])
	if name == "" {
		name = "?"
	}
	if member == "" {
		return name
	}
	return member + "!" + name
}
