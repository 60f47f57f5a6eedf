package house

import (
	"go/ast"
	"go/token"
	"testing"
)

// packageState is the package-level variables of one package.
type packageState map[string]*ast.ValueSpec

func TestNoMutablePackageState(t *testing.T) {
	byPackage := map[string][]goFile{}
	for _, file := range goFiles(t) {
		if !file.test {
			byPackage[file.dir] = append(byPackage[file.dir], file)
		}
	}
	for _, files := range byPackage {
		state := packageState{}
		for _, file := range files {
			for _, complaint := range state.declare(file) {
				t.Error(complaint)
			}
		}
		for _, file := range files {
			for _, complaint := range state.changes(file) {
				t.Error(complaint)
			}
		}
	}
}

// declare collects a file's variables. A variable without a value is meant to be
// changed later, unless an embed directive sets it.
func (s packageState) declare(file goFile) (complaints []string) {
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.VAR {
			continue
		}
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			for _, name := range value.Names {
				s[name.Name] = value
			}
			if len(value.Values) == 0 && !embedded(group.Doc) && !embedded(value.Doc) {
				complaints = append(complaints, file.at(value)+": a package variable without a value: pass it instead")
			}
		}
	}
	return complaints
}

func embedded(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, comment := range doc.List {
		if len(comment.Text) > 11 && comment.Text[:11] == "//go:embed " {
			return true
		}
	}
	return false
}

// changes finds assignments to the package's variables or into them.
func (s packageState) changes(file goFile) (complaints []string) {
	check := func(target ast.Expr) {
		name := root(target)
		if name == nil || name.Name == "_" || s[name.Name] == nil {
			return
		}
		// The parser resolves names within the file; a name it knows and that is
		// not the package's is a local one.
		if name.Obj == nil || name.Obj.Decl == s[name.Name] {
			complaints = append(complaints, file.at(name)+": changes the package variable "+name.Name)
		}
	}
	ast.Inspect(file.File, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.AssignStmt:
			for _, target := range node.Lhs {
				check(target)
			}
		case *ast.IncDecStmt:
			check(node.X)
		case *ast.UnaryExpr:
			if node.Op == token.AND {
				check(node.X)
			}
		}
		return true
	})
	return complaints
}

// root returns the variable that an expression such as a.b[c] starts with.
func root(expr ast.Expr) *ast.Ident {
	switch expr := expr.(type) {
	case *ast.Ident:
		return expr
	case *ast.SelectorExpr:
		return root(expr.X)
	case *ast.IndexExpr:
		return root(expr.X)
	case *ast.StarExpr:
		return root(expr.X)
	case *ast.ParenExpr:
		return root(expr.X)
	}
	return nil
}
