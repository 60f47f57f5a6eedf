package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// mutant is one change of a file.
type mutant struct {
	file       string // below the working folder, with slashes
	function   string // around the change, or "" outside of functions
	line       int    // counted from 1
	start, end int    // offsets of the bytes that are replaced
	text       string // what replaces them
	old, new   string // the line before and after, without indentation
	accepted   bool   // it behaves as the code does
}

// apply returns the file's text with the change.
func (m mutant) apply(source []byte) []byte {
	return []byte(string(source[:m.start]) + m.text + string(source[m.end:]))
}

// mutator collects the mutants of a file.
type mutator struct {
	fset     *token.FileSet
	file     string
	source   []byte
	function *ast.FuncDecl // that is being walked, or nil
	found    []mutant
}

// mutantsOf returns the mutants of a file in the order of the text.
func mutantsOf(file string) ([]mutant, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	m := &mutator{fset: token.NewFileSet(), file: filepath.ToSlash(file), source: source}
	tree, err := parser.ParseFile(m.fset, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, decl := range tree.Decls {
		m.function, _ = decl.(*ast.FuncDecl)
		if group, ok := decl.(*ast.GenDecl); ok && group.Tok == token.IMPORT {
			continue
		}
		ast.Inspect(decl, func(node ast.Node) bool {
			if node != nil {
				m.visit(node)
			}
			return true
		})
	}
	return m.found, nil
}

// replace adds the mutant with another text from one position to another.
func (m *mutator) replace(from, to token.Pos, text string) {
	start, end := m.fset.Position(from).Offset, m.fset.Position(to).Offset
	begin := strings.LastIndexByte(string(m.source[:start]), '\n') + 1
	rest, _, _ := strings.Cut(string(m.source[end:]), "\n")
	found := mutant{
		file: m.file, line: m.fset.Position(from).Line, start: start, end: end, text: text,
		old: strings.TrimSpace(string(m.source[begin:end]) + rest),
		new: strings.TrimSpace(string(m.source[begin:start]) + text + rest),
	}
	if m.function != nil {
		found.function = m.function.Name.Name
	}
	m.found = append(m.found, found)
}

func (m *mutator) textOf(node ast.Node) string {
	return string(m.source[m.fset.Position(node.Pos()).Offset:m.fset.Position(node.End()).Offset])
}

// operators are what takes the place of each operator.
func operators(op token.Token) []string {
	return map[token.Token][]string{
		token.EQL: {"!="}, token.NEQ: {"=="},
		token.LSS: {"<=", ">="}, token.LEQ: {"<", ">"}, token.GTR: {">=", "<="}, token.GEQ: {">", "<"},
		token.LAND: {"||"}, token.LOR: {"&&"},
		token.ADD: {"-"}, token.SUB: {"+"}, token.MUL: {"/"}, token.QUO: {"*"}, token.REM: {"*"},
		token.AND: {"|"}, token.OR: {"&"}, token.SHL: {">>"}, token.SHR: {"<<"},
	}[op]
}

func (m *mutator) visit(node ast.Node) {
	switch node := node.(type) {
	case *ast.BinaryExpr:
		m.binary(node)
	case *ast.UnaryExpr:
		if node.Op == token.NOT {
			m.replace(node.OpPos, node.X.Pos(), "")
		}
	case *ast.IfStmt:
		m.condition(node.Cond)
	case *ast.CaseClause:
		for _, value := range node.List {
			m.word(value)
		}
	case *ast.BasicLit:
		m.constant(node)
	case *ast.Ident:
		switch node.Name {
		case "true":
			m.replace(node.Pos(), node.End(), "false")
		case "false":
			m.replace(node.Pos(), node.End(), "true")
		}
	default:
		m.statement(node)
	}
}

func (m *mutator) binary(node *ast.BinaryExpr) {
	if isText(node.X) || isText(node.Y) {
		if node.Op == token.ADD {
			return // it cannot be subtracted
		}
		m.word(node.X)
		m.word(node.Y)
	}
	for _, other := range operators(node.Op) {
		m.replace(node.OpPos, node.OpPos+token.Pos(len(node.Op.String())), other)
	}
	if node.Op == token.LAND || node.Op == token.LOR {
		m.condition(node.X)
		m.condition(node.Y)
	}
}

// condition negates a condition that has no operator to change.
func (m *mutator) condition(expr ast.Expr) {
	switch expr := expr.(type) {
	case *ast.CallExpr, *ast.Ident, *ast.SelectorExpr, *ast.IndexExpr:
		if text := m.textOf(expr); text == "true" || text == "false" {
			return // visit turns them around
		}
		m.replace(expr.Pos(), expr.End(), "!"+m.textOf(expr))
	}
}

// isText reports whether an expression begins or ends with a literal text.
func isText(expr ast.Expr) bool {
	switch expr := expr.(type) {
	case *ast.BasicLit:
		return expr.Kind == token.STRING
	case *ast.BinaryExpr:
		return expr.Op == token.ADD && (isText(expr.X) || isText(expr.Y))
	}
	return false
}

// word changes a text that something is compared with.
func (m *mutator) word(expr ast.Expr) {
	if lit, ok := expr.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		text, err := strconv.Unquote(lit.Value)
		if err == nil {
			m.replace(lit.Pos(), lit.End(), strconv.Quote(text+"~"))
		}
	}
}

func (m *mutator) constant(lit *ast.BasicLit) {
	switch lit.Kind {
	case token.INT:
		m.replace(lit.Pos(), lit.End(), "("+lit.Value+" + 1)")
	case token.CHAR:
		m.replace(lit.Pos(), lit.End(), "("+lit.Value+" + 1)")
	}
}
