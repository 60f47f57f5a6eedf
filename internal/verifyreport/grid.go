package verifyreport

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cerpac/trailkeeper/archive"
	"github.com/cerpac/trailkeeper/internal/verify"
)

// mark is the state of the objects of one chain in one hour or day.
type mark struct {
	worst   uint8 // index in verify.States, the worst first
	finding int32 // the number of the first one, 0 for none
	digests int32
	files   int32
}

// add takes what is known of another object, or of another time.
func (m *mark) add(o mark) {
	m.worst = min(m.worst, o.worst)
	if m.finding == 0 {
		m.finding = o.finding
	}
	m.digests += o.digests
	m.files += o.files
}

// grid holds a mark for each chain and hour. Its memory is bounded by the digests of
// the archive, and about 40 bytes for each.
type grid map[verify.Chain]map[int64]mark // by hours since 1970

// most bounds the hours of one result, which hostile times could make any number.
const most = 24 * 400

// add takes a result. finding is its number on the page, 0 for none.
func (g grid) add(r verify.Result, finding int32) {
	hours := g[r.Chain]
	if hours == nil {
		hours = map[int64]mark{}
		g[r.Chain] = hours
	}
	m := mark{worst: uint8(slices.Index(verify.States(), r.State)), finding: finding}
	from, to, ok := when(r)
	if !ok {
		return
	}
	switch r.Object {
	case verify.DigestFile:
		m.digests = 1
	case verify.LogFile:
		m.files = 1
	}
	for hour := from; hour < min(to, from+most); hour++ {
		old, ok := hours[hour]
		if !ok {
			old.worst = uint8(len(verify.States()))
		}
		old.add(m)
		hours[hour] = old
	}
}

// when returns the hours of a result, the second one excluded. The time of an object
// is that of its name, as its content may say anything.
func when(r verify.Result) (from, to int64, ok bool) {
	hour := func(at time.Time) int64 { return at.Unix() / 3600 }
	if k, _ := archive.ParseKey(r.Key); !k.Delivered.IsZero() {
		at := k.Delivered
		if r.Object == verify.DigestFile {
			at = at.Add(-time.Hour)
		}
		return hour(at), hour(at) + 1, true
	}
	switch {
	case r.From.IsZero() && r.To.IsZero():
		return 0, 0, false
	case r.From.IsZero():
		return hour(r.To) - 1, hour(r.To), true
	case r.To.IsZero() || r.Object == verify.DigestFile || !r.To.After(r.From.Add(time.Hour)):
		return hour(r.From), hour(r.From) + 1, true
	}
	return hour(r.From), hour(r.To), true
}

// maxHours is the number of cells up to which a page has one for each hour. Beyond,
// it has one for each day.
const maxHours = 12_000

// block is one table of the page: a day with its hours, or a month with its days.
type block struct {
	Title   string
	Columns []string
	Rows    []row
}

type row struct {
	Chain verify.Chain
	Cells []cell
}

// cell is one cell of the page.
type cell struct {
	Class, Letter string
	Finding       int32
	Text          string // what the cell says, for cells that are not all valid
}

// blocks returns the tables, and whether their cells are days.
func (g grid) blocks() (list []block, days bool) {
	cells := 0
	for _, hours := range g {
		cells += len(hours)
	}
	days = cells > maxHours
	chains := slices.SortedFunc(maps.Keys(g), verify.Chain.Compare)
	tables := map[time.Time]map[int]map[int]mark{} // by its start, chain and column
	for i, chain := range chains {
		for hour, m := range g[chain] {
			start, column := split(time.Unix(hour*3600, 0).UTC(), days)
			rows := tables[start]
			if rows == nil {
				rows = map[int]map[int]mark{}
				tables[start] = rows
			}
			if rows[i] == nil {
				rows[i] = map[int]mark{}
			}
			old, ok := rows[i][column]
			if !ok {
				old.worst = uint8(len(verify.States()))
			}
			old.add(m)
			rows[i][column] = old
		}
	}
	for _, start := range slices.SortedFunc(maps.Keys(tables), time.Time.Compare) {
		list = append(list, newBlock(start, days, chains, tables[start]))
	}
	return list, days
}

// split returns the table and the column of an hour.
func split(hour time.Time, days bool) (start time.Time, column int) {
	if days {
		return time.Date(hour.Year(), hour.Month(), 1, 0, 0, 0, 0, time.UTC), hour.Day() - 1
	}
	return hour.Truncate(24 * time.Hour), hour.Hour()
}

func newBlock(start time.Time, days bool, chains []verify.Chain, rows map[int]map[int]mark) block {
	b := block{Title: start.Format(time.DateOnly)}
	columns, first := 24, 0
	if days {
		b.Title, first = start.Format("2006-01"), 1
		columns = start.AddDate(0, 1, -1).Day()
	}
	for i := range columns {
		b.Columns = append(b.Columns, fmt.Sprintf("%02d", i+first))
	}
	for i, chain := range chains {
		if rows[i] == nil {
			continue
		}
		r := row{Chain: chain}
		for column := range columns {
			m, ok := rows[i][column]
			c := cell{Class: "none", Letter: ""}
			if ok {
				c = m.cell(chain, b.Title, b.Columns[column], days)
			}
			r.Cells = append(r.Cells, c)
		}
		b.Rows = append(b.Rows, r)
	}
	return b
}

func (m mark) cell(chain verify.Chain, title, column string, days bool) cell {
	state := verify.States()[m.worst]
	c := cell{Class: string(state), Letter: letter(state), Finding: m.finding}
	if state == verify.Valid {
		return c
	}
	at := title + " " + column + ":00"
	if days {
		at = title + "-" + column
	}
	c.Text = fmt.Sprintf("%s, %s: %s, %d digests, %d log files", at, chain, state, m.digests, m.files)
	return c
}

// letter is what shows a state without colour.
func letter(s verify.State) string {
	return map[verify.State]string{
		verify.Valid: "✓", verify.Tampered: "T", verify.Missing: "M", verify.Unreadable: "R", verify.Denied: "D",
		verify.Archived: "A", verify.Unverifiable: "U", verify.Pending: "P", verify.Expired: "E",
	}[s]
}

// compareFindings orders findings by their state, the worst first.
func compareFindings(a, b numbered) int {
	states := verify.States()
	return cmp.Or(slices.Index(states, a.State)-slices.Index(states, b.State), int(a.Number-b.Number))
}
