package main

import (
	"bufio"
	"maps"
	"slices"
	"strings"
)

// node is a segment of the paths of a service.
type node struct {
	children map[string]*node
	routes   []string // "METHOD Operation" or "METHOD?condition&condition Operation"
	taken    []string // what routes start with
}

// addRoutes files the operations of a model below their URIs. Those in use come
// before deprecated ones, because the first that takes a route keeps it.
func (s *service) addRoutes(m model) {
	names := slices.Sorted(maps.Keys(m.Operations))
	slices.SortStableFunc(names, func(a, b string) int {
		switch {
		case m.Operations[a].Deprecated == m.Operations[b].Deprecated:
			return 0
		case m.Operations[b].Deprecated:
			return -1
		}
		return 1
	})
	for _, name := range names {
		path, query, _ := strings.Cut(m.Operations[name].HTTP.RequestURI, "?")
		conditions := strings.FieldsFunc(query, func(r rune) bool { return r == '&' })
		if m.Metadata.EndpointPrefix == "s3" {
			conditions = append(conditions, m.required(m.Operations[name])...)
		}
		s.root.add(m.Operations[name].HTTP.Method, path, conditions, name)
	}
}

// required lists the query parameters that S3 tells an operation by although its
// URI does not name them, such as uploadId, and the header of a copy.
func (m model) required(o operation) (conditions []string) {
	input := m.Shapes[o.Input.Shape]
	for _, name := range input.Required {
		switch member := input.Members[name]; {
		case member.Location == "querystring":
			conditions = append(conditions, member.LocationName)
		case member.LocationName == "x-amz-copy-source":
			conditions = append(conditions, member.LocationName+":")
		}
	}
	return conditions
}

// add keeps a slash at the end as an empty segment: Bedrock has operations that
// differ in nothing else.
func (n *node) add(method, path string, conditions []string, operation string) {
	for segment := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if n.children == nil {
			n.children = map[string]*node{}
		}
		if n.children[segment] == nil {
			n.children[segment] = &node{}
		}
		n = n.children[segment]
	}
	if len(conditions) > 0 {
		method += "?" + strings.Join(conditions, "&")
	}
	if !slices.Contains(n.taken, method) {
		n.taken = append(n.taken, method)
		n.routes = append(n.routes, method+" "+operation)
	}
}

// write prints a line for each segment, indented by its depth.
func (n *node) write(w *bufio.Writer, depth int) {
	for _, segment := range slices.Sorted(maps.Keys(n.children)) {
		child := n.children[segment]
		line := strings.Repeat(" ", depth) + "/" + segment
		for _, route := range child.routes {
			line += " " + route
		}
		w.WriteString(line + "\n")
		child.write(w, depth+1)
	}
}
