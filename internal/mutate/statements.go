package main

import (
	"go/ast"
	"go/token"
	"strings"
)

// statement leaves a statement out, or turns it around.
func (m *mutator) statement(node ast.Node) {
	switch node := node.(type) {
	case *ast.ExprStmt:
		if call, ok := node.X.(*ast.CallExpr); ok && m.textOf(call.Fun) != "panic" {
			m.replace(node.Pos(), node.End(), "")
		}
	case *ast.AssignStmt:
		m.assignment(node)
	case *ast.IncDecStmt:
		m.replace(node.TokPos, node.TokPos+2, map[token.Token]string{token.INC: "--", token.DEC: "++"}[node.Tok])
	case *ast.BranchStmt:
		if node.Label == nil && node.Tok == token.CONTINUE {
			m.replace(node.Pos(), node.End(), "break")
		}
	case *ast.ReturnStmt:
		m.results(node)
	}
}

// assignment evaluates the values of an assignment without assigning them.
func (m *mutator) assignment(node *ast.AssignStmt) {
	if node.Tok == token.DEFINE {
		return
	}
	blank := strings.TrimSuffix(strings.Repeat("_, ", len(node.Lhs)), ", ")
	if m.textOf(node.Lhs[0]) != "_" && m.textOf(node.Rhs[0]) != "nil" {
		m.replace(node.Lhs[0].Pos(), node.Rhs[0].Pos(), blank+" = ")
	}
}

// results changes what a function returns, by the types that it declares.
func (m *mutator) results(node *ast.ReturnStmt) {
	if m.function == nil || m.function.Type.Results == nil {
		return
	}
	var types []string
	for _, field := range m.function.Type.Results.List {
		for range max(1, len(field.Names)) {
			types = append(types, m.textOf(field.Type))
		}
	}
	if len(types) != len(node.Results) {
		return // of a function inside, or the results of a call
	}
	for i, result := range node.Results {
		switch text := m.textOf(result); types[i] {
		case "bool":
			m.condition(result)
		case "error":
			if text != "nil" {
				m.replace(result.Pos(), result.End(), "func() error { _ = error("+text+"); return nil }()")
			}
		case "string":
			if text != `""` {
				m.replace(result.Pos(), result.End(), "func() string { _ = string("+text+`); return "" }()`)
			}
		}
	}
}
