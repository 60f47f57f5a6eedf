package lake

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cerpac/trailkeeper/event"
)

var update = flag.Bool("update", false, "rewrite the generated parts of docs/formats.md")

const formatsPage = "../../docs/formats.md"

// generated are the parts of docs/formats.md that follow from the code, by the
// name in the comment above each.
func generated() map[string]string {
	return map[string]string{
		"columns": columnsTable(),
		"members": membersList(),
		"athena":  athenaTable(),
		"trino":   trinoTable(),
	}
}

func columnsTable() string {
	var b strings.Builder
	b.WriteString("| column | type | |\n|---|---|---|\n")
	for _, c := range Columns() {
		doc := strings.ReplaceAll(c.Doc, "|", `\|`)
		if c.Since > 1 {
			doc += fmt.Sprintf(". Since schema %d", c.Since)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", c.Name, c.Kind, doc)
	}
	return b.String()
}

func membersList() string {
	var names []string
	for f := range event.Field(event.NumFields) {
		names = append(names, fmt.Sprintf("%d %s", f, f))
	}
	return strings.Join(names, ", ") + ".\n"
}

// ddlColumns lists the columns of a part with the types of a dialect.
func ddlColumns(types map[Kind]string) string {
	var lines []string
	for _, c := range Columns() {
		lines = append(lines, "  "+c.Name+" "+types[c.Kind])
	}
	return strings.Join(lines, ",\n")
}

func athenaTable() string {
	types := map[Kind]string{Timestamp: "timestamp", Text: "string", JSON: "string", Boolean: "boolean", Integer: "bigint", TextList: "array<string>"}
	return "```sql\nCREATE EXTERNAL TABLE lake (\n" + ddlColumns(types) + `
)
PARTITIONED BY (year string, month string, day string)
STORED AS PARQUET
LOCATION 's3://BUCKET/lake/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.year.type' = 'integer', 'projection.year.range' = '2013,2040', 'projection.year.digits' = '4',
  'projection.month.type' = 'integer', 'projection.month.range' = '1,12', 'projection.month.digits' = '2',
  'projection.day.type' = 'integer', 'projection.day.range' = '1,31', 'projection.day.digits' = '2',
  'storage.location.template' = 's3://BUCKET/lake/year=${year}/month=${month}/day=${day}/'
)
` + "```\n"
}

func trinoTable() string {
	types := map[Kind]string{Timestamp: "timestamp(3)", Text: "varchar", JSON: "varchar", Boolean: "boolean", Integer: "bigint", TextList: "array(varchar)"}
	return "```sql\nCREATE TABLE hive.default.lake (\n" + ddlColumns(types) + `,
  year varchar,
  month varchar,
  day varchar
)
WITH (
  format = 'PARQUET',
  external_location = 's3://BUCKET/lake/',
  partitioned_by = ARRAY['year', 'month', 'day']
);
CALL hive.system.sync_partition_metadata('default', 'lake', 'FULL');
` + "```\n"
}

// TestFormatsPage holds docs/formats.md to the code. With -update it rewrites
// the parts between the comments.
func TestFormatsPage(t *testing.T) {
	text, err := os.ReadFile(formatsPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for name, want := range generated() {
		part := regexp.MustCompile(`(?s)(<!-- generated: ` + name + ` -->\n)(.*?)(<!-- end -->)`)
		found := part.FindStringSubmatch(page)
		if found == nil {
			t.Errorf("the page has no part <!-- generated: %s -->", name)
			continue
		}
		want = "\n" + want + "\n"
		if *update {
			page = strings.Replace(page, found[0], found[1]+want+found[3], 1)
		} else if diff := cmp.Diff(want, found[2]); diff != "" {
			t.Errorf("%s: run go test ./internal/lake -run TestFormatsPage -update (-code +page)\n%s", name, diff)
		}
	}
	for name, want := range map[string]string{
		"the version":         fmt.Sprintf("`format` | %d", Format),
		"the row group":       fmt.Sprintf("%d rows", groupRows),
		"the magic":           strings.ReplaceAll(strings.TrimSpace(idsMagic), "\r\n", ""),
		"the member of extra": "`" + RecordMember + "`",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%s: the page does not say %s", name, want)
		}
	}
	if *update {
		if err := os.WriteFile(formatsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
