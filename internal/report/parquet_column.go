package report

import (
	"fmt"
	"strings"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"github.com/cerpac/trailkeeper/internal/result"
)

// parquetColumn is a column, or a part of a nested type. The values are in the leaves,
// with levels that describe the nesting:
// https://parquet.apache.org/docs/file-format/nestedencoding/
type parquetColumn struct {
	name     string
	node     schema.Node
	leaf     *parquetLeaf     // of a scalar
	children []*parquetColumn // of a struct; the element of a list; key and value of a map
	repeated bool             // list or map
	required bool             // key of a map
	depth    int16            // of lists and maps, this one included
}

// is sets the column's type from an SQL name, inside of depth lists.
func (c *parquetColumn) is(sqlType string, depth int16) (err error) {
	c.depth = depth
	if element, isList := listElement(sqlType); isList {
		return c.isList(element)
	}
	if arguments, isStruct := within(sqlType, "STRUCT"); isStruct {
		if fields, ok := structFields(arguments); ok {
			return c.isStruct(fields)
		}
	}
	if arguments, isMap := within(sqlType, "MAP"); isMap {
		if parts := splitTypes(arguments); len(parts) == 2 {
			return c.isMap(parts[0], parts[1])
		}
	}
	c.leaf, c.node, err = newParquetLeaf(c.name, sqlType, c.repetition())
	return err
}

func (c *parquetColumn) repetition() parquet.Repetition {
	if c.required {
		return parquet.Repetitions.Required
	}
	return parquet.Repetitions.Optional
}

func (c *parquetColumn) isList(elementType string) error {
	c.repeated, c.depth = true, c.depth+1
	element := &parquetColumn{name: "element"}
	c.children = []*parquetColumn{element}
	if err := element.is(elementType, c.depth); err != nil {
		return err
	}
	list, err := schema.NewGroupNode("list", parquet.Repetitions.Repeated, schema.FieldList{element.node}, -1)
	if err != nil {
		return err
	}
	c.node, err = schema.NewGroupNodeLogical(c.name, c.repetition(), schema.FieldList{list}, schema.NewListLogicalType(), -1)
	return err
}

func (c *parquetColumn) isMap(keyType, valueType string) error {
	c.repeated, c.depth = true, c.depth+1
	key, value := &parquetColumn{name: "key", required: true}, &parquetColumn{name: "value"}
	c.children = []*parquetColumn{key, value}
	if err := key.is(keyType, c.depth); err != nil {
		return err
	}
	if err := value.is(valueType, c.depth); err != nil {
		return err
	}
	entries, err := schema.NewGroupNode("key_value", parquet.Repetitions.Repeated, schema.FieldList{key.node, value.node}, -1)
	if err != nil {
		return err
	}
	c.node, err = schema.NewGroupNodeLogical(c.name, c.repetition(), schema.FieldList{entries}, schema.MapLogicalType{}, -1)
	return err
}

func (c *parquetColumn) isStruct(fields []result.Column) error {
	var nodes schema.FieldList
	for _, field := range fields {
		child := &parquetColumn{name: field.Name}
		if err := child.is(field.Type, c.depth); err != nil {
			return err
		}
		c.children = append(c.children, child)
		nodes = append(nodes, child.node)
	}
	var err error
	c.node, err = schema.NewGroupNode(c.name, c.repetition(), nodes, -1)
	return err
}

func (c *parquetColumn) leaves() (all []*parquetLeaf) {
	if c.leaf != nil {
		return []*parquetLeaf{c.leaf}
	}
	for _, child := range c.children {
		all = append(all, child.leaves()...)
	}
	return all
}

// add adds a value. Repetition is the depth of the innermost list that continues with
// it; definition counts the optional levels above it that are present.
func (c *parquetColumn) add(value any, repetition, definition int16) error {
	if value == nil {
		if c.required {
			return fmt.Errorf("a key of a map is NULL")
		}
		c.absent(repetition, definition)
		return nil
	}
	if !c.required {
		definition++
	}
	if c.leaf != nil {
		return c.leaf.add(value, repetition, definition)
	}
	entries, err := c.entries(value)
	if err != nil {
		return err
	}
	if c.repeated {
		if len(entries) == 0 {
			c.absent(repetition, definition)
		}
		definition++
	}
	for i, entry := range entries {
		if i > 0 {
			repetition = c.depth
		}
		for j, part := range entry {
			if err := c.children[j].add(part, repetition, definition); err != nil {
				return err
			}
		}
	}
	return nil
}

// absent adds a missing value to all leaves.
func (c *parquetColumn) absent(repetition, definition int16) {
	for _, leaf := range c.leaves() {
		leaf.level(repetition, definition)
	}
}

// entries returns the values for the children, entry by entry.
func (c *parquetColumn) entries(value any) (entries [][]any, err error) {
	switch v := value.(type) {
	case []any:
		for _, element := range v {
			entries = append(entries, []any{element})
		}
	case result.Map:
		for _, entry := range v {
			entries = append(entries, []any{entry.Key, entry.Value})
		}
	case result.Struct:
		fields := make([]any, len(v))
		for i, field := range v {
			fields[i] = field.Value
		}
		entries = [][]any{fields}
	default:
		return nil, fmt.Errorf("a value %T is not of its type", value)
	}
	if len(entries) > 0 && len(entries[0]) != len(c.children) {
		return nil, fmt.Errorf("a value has %d parts, its type %d", len(entries[0]), len(c.children))
	}
	return entries, nil
}

// listElement returns the type of the elements of a list, T[] or T[3].
func listElement(sqlType string) (element string, isList bool) {
	if !strings.HasSuffix(sqlType, "]") {
		return "", false
	}
	return sqlType[:strings.LastIndexByte(sqlType, '[')], true
}

// within returns the text in parentheses after the name of a type.
func within(sqlType, name string) (arguments string, is bool) {
	arguments, is = strings.CutPrefix(sqlType, name+"(")
	if !is || !strings.HasSuffix(arguments, ")") {
		return "", false
	}
	return strings.TrimSuffix(arguments, ")"), true
}

// splitTypes splits at the commas outside parentheses and quotes.
func splitTypes(s string) (parts []string) {
	depth, quoted, begin := 0, false, 0
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			parts = append(parts, strings.TrimSpace(s[begin:i]))
			begin = i + 1
		}
	}
	return append(parts, strings.TrimSpace(s[begin:]))
}

// structFields parses `"name" TYPE, ...`. ok is false for a struct without names, which
// Parquet does not support.
func structFields(s string) (fields []result.Column, ok bool) {
	for _, part := range splitTypes(s) {
		name, sqlType, found := cutName(part)
		if !found || name == "" {
			return nil, false
		}
		fields = append(fields, result.Column{Name: name, Type: sqlType})
	}
	return fields, true
}

func cutName(field string) (name, sqlType string, found bool) {
	if !strings.HasPrefix(field, `"`) {
		return strings.Cut(field, " ")
	}
	for i := 1; i < len(field); i++ {
		if field[i] != '"' {
			continue
		}
		if strings.HasPrefix(field[i:], `""`) {
			i++
			continue
		}
		return strings.ReplaceAll(field[1:i], `""`, `"`), strings.TrimSpace(field[i+1:]), true
	}
	return "", "", false
}
