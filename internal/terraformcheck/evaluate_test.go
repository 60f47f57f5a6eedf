package terraformcheck

import (
	"maps"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/tryfunc"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// evaluation is a module with values for its variables. What resources would
// compute is unknown in it.
type evaluation struct {
	*module
	variables cty.Value
	stubs     map[string]cty.Value // local values that take the place of the module's own
	locals    map[string]cty.Value
}

func (m *module) evaluate(t *testing.T, inputs, stubs map[string]cty.Value) *evaluation {
	t.Helper()
	values := map[string]cty.Value{}
	for name, block := range m.variables {
		values[name] = variableValue(t, block, inputs[name])
	}
	return &evaluation{module: m, variables: cty.ObjectVal(values), stubs: stubs, locals: map[string]cty.Value{}}
}

func variableValue(t *testing.T, block *hclsyntax.Block, input cty.Value) cty.Value {
	t.Helper()
	kind, defaults, diags := typeexpr.TypeConstraintWithDefaults(block.Body.Attributes["type"].Expr)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if input == cty.NilVal {
		attribute := block.Body.Attributes["default"]
		if attribute == nil {
			t.Fatalf("variable %q has no default", block.Labels[0])
		}
		if input, diags = attribute.Expr.Value(nil); diags.HasErrors() {
			t.Fatal(diags)
		}
	}
	if defaults != nil && !input.IsNull() {
		input = defaults.Apply(input)
	}
	value, err := convert.Convert(input, kind)
	if err != nil {
		t.Fatalf("variable %q: %v", block.Labels[0], err)
	}
	return value
}

// local evaluates a local value after those that it needs.
func (e *evaluation) local(t *testing.T, name string) cty.Value {
	t.Helper()
	if value, ok := e.stubs[name]; ok {
		return value
	}
	if value, ok := e.locals[name]; ok {
		return value
	}
	value := e.value(t, e.module.locals[name])
	e.locals[name] = value
	return value
}

func (e *evaluation) value(t *testing.T, expr hclsyntax.Expression) cty.Value {
	t.Helper()
	scope := &hcl.EvalContext{Functions: functions(), Variables: map[string]cty.Value{"var": e.variables}}
	locals := map[string]cty.Value{}
	for _, ref := range expr.Variables() {
		switch path := names(ref); path[0] {
		case "local":
			locals[path[1]] = e.local(t, path[1])
		case "var":
		default:
			scope.Variables[path[0]] = cty.DynamicVal
		}
	}
	scope.Variables["local"] = cty.ObjectVal(locals)
	value, diags := expr.Value(scope)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return value
}

// json is a local value as jsonencode writes it.
func (e *evaluation) json(t *testing.T, local string) []byte {
	t.Helper()
	value := e.local(t, local)
	if !value.IsWhollyKnown() {
		t.Fatalf("local.%s is not known before apply", local)
	}
	text, err := ctyjson.Marshal(value, value.Type())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// functions are those of Terraform that local values call. Most are cty's own.
func functions() map[string]function.Function {
	all := map[string]function.Function{
		"coalesce": stdlib.CoalesceFunc, "compact": stdlib.CompactFunc, "concat": stdlib.ConcatFunc,
		"contains": stdlib.ContainsFunc, "length": stdlib.LengthFunc, "merge": stdlib.MergeFunc, "min": stdlib.MinFunc,
		"sort": stdlib.SortFunc, "split": stdlib.SplitFunc, "tolist": stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
		"try": tryfunc.TryFunc,
	}
	maps.Copy(all, ownFunctions())
	return all
}

// ownFunctions are Terraform's where cty has none.
func ownFunctions() map[string]function.Function {
	parameters := func(kinds ...cty.Type) (list []function.Parameter) {
		for _, kind := range kinds {
			list = append(list, function.Parameter{Type: kind})
		}
		return list
	}
	fold := func(start bool, combine func(a, b bool) bool) function.Function {
		return function.New(&function.Spec{
			Params: parameters(cty.List(cty.Bool)), Type: function.StaticReturnType(cty.Bool),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				result := start
				for _, element := range args[0].AsValueSlice() {
					result = combine(result, element.True())
				}
				return cty.BoolVal(result), nil
			},
		})
	}
	return map[string]function.Function{
		"alltrue": fold(true, func(a, b bool) bool { return a && b }),
		"anytrue": fold(false, func(a, b bool) bool { return a || b }),
		"startswith": function.New(&function.Spec{
			Params: parameters(cty.String, cty.String), Type: function.StaticReturnType(cty.Bool),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
				text, prefix := args[0].AsString(), args[1].AsString()
				return cty.BoolVal(len(text) >= len(prefix) && text[:len(prefix)] == prefix), nil
			},
		}),
	}
}
