package record

import "strconv"

// writer appends the members of a record.
type writer struct{ dst []byte }

func (w *writer) name(name string) {
	if len(w.dst) > 1 {
		w.dst = append(w.dst, ',')
	}
	w.dst = append(w.dst, '"')
	w.dst = append(w.dst, name...)
	w.dst = append(w.dst, '"', ':')
}

func (w *writer) text(name, text string) {
	w.name(name)
	w.dst = appendText(w.dst, text)
}

func (w *writer) raw(name string, value []byte) {
	w.name(name)
	w.dst = append(w.dst, value...)
}

func (w *writer) tree(name string, t tree) {
	w.name(name)
	w.dst = appendTree(w.dst, t)
}

// limited writes parameters or an answer, or a note that they were too large.
func (w *writer) limited(name string, t tree, largest int) {
	w.name(name)
	start := len(w.dst)
	w.dst = appendTree(w.dst, t)
	if size := len(w.dst) - start; t != nil && size > largest {
		w.dst = appendTree(w.dst[:start], object{
			{"omitted", true}, {"originalSize", number(strconv.Itoa(size))}, {"reason", name + " too large"},
		})
	}
}

// detail writes a member unless it is too large.
func (w *writer) detail(name string, t tree) {
	start := len(w.dst)
	w.tree(name, t)
	if len(w.dst)-start > maxDetails {
		w.dst = w.dst[:start]
	}
}
