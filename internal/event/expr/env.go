package expr

import (
	"fmt"
	"sync"
	"unicode"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// environment is what all expressions are compiled in. Making it takes milliseconds, so it is made when first needed.
var environment = sync.OnceValue(func() *cel.Env {
	registry, err := types.NewRegistry()
	if err != nil {
		panic("expr: making CEL's types: " + err.Error())
	}
	options := []cel.EnvOption{
		cel.CustomTypeAdapter(adapter{registry}),
		cel.CustomTypeProvider(newProvider(registry)),
		cel.Variable("event", eventType),
		cel.CrossTypeNumericComparisons(true),
		cel.DefaultUTCTimeZone(true),
		cel.ParserRecursionLimit(MaxDepth),
		cel.ParserErrorRecoveryLimit(4),
		cel.ParserExpressionSizeLimit(MaxSource),
		cel.ExpressionNodeLimit(4 * MaxSource),
		cel.RegexProgramSizeLimit(maxRegexProgram),
	}
	for _, s := range levels {
		options = append(options, cel.Constant(s.name, cel.IntType, types.Int(s.severity)+1))
	}
	env, err := cel.NewEnv(append(options, functionOptions()...)...)
	if err != nil {
		panic("expr: making CEL's environment: " + err.Error())
	}
	return env
})

// levels are the constants to compare event.severity_level with.
var levels = []struct {
	name     string
	severity event.Severity
}{{"INFO", event.Info}, {"LOW", event.Low}, {"MEDIUM", event.Medium}, {"HIGH", event.High}, {"CRITICAL", event.Critical}}

// compile makes a program whose value is of type want, or of a type that shows only with the event.
func compile(source string, want *types.Type, wanted string) (program, error) {
	p := program{source: source}
	if len(source) > MaxSource {
		return p, &Error{Message: fmt.Sprintf("the expression is %d bytes, more than %d", len(source), MaxSource)}
	}
	if err := visible(source); err != nil {
		return p, err
	}
	env := environment()
	ast, issues := env.Compile(source)
	if issues.Err() != nil {
		return p, wordIssues(source, issues)
	}
	if err := check(ast); err != nil {
		return p, err
	}
	if out := ast.OutputType(); !out.IsAssignableType(want) && !want.IsAssignableType(out) && out.Kind() != types.DynKind {
		return p, at(ast, ast.NativeRep().Expr().ID(), "the value is %s; want %s", wordType(out), wanted)
	}
	run, err := env.Program(ast, cel.CostLimit(MaxCost), cel.CostTracking(charges{}), cel.EvalOptions(cel.OptOptimize),
		cel.OptimizeRegex(boundedMatches()...))
	if err != nil {
		return p, &Error{Message: err.Error()}
	}
	p.run, p.ast = run, ast
	return p, nil
}

// visible refuses what people cannot see in a source: it could make an expression read as another one.
func visible(source string) error {
	line, column := 1, 0
	for _, r := range source {
		switch column++; {
		case r == '\n':
			line, column = line+1, 0
		case r == '\t', r == '\r', unicode.IsPrint(r) && r != utf8.RuneError:
		default:
			return &Error{Line: line, Column: column, Message: fmt.Sprintf("the character %U cannot be seen: in a text, write \\u%04x", r, r)}
		}
	}
	return nil
}
