package expr

import (
	"fmt"
	"net/netip"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// at is an error with the position of a part of the expression.
func at(a *cel.Ast, id int64, format string, args ...any) *Error {
	e := &Error{Message: fmt.Sprintf(format, args...)}
	if p := a.NativeRep().SourceInfo().GetStartLocation(id); p.Line() > 0 {
		e.Line, e.Column = p.Line(), p.Column()+1
	}
	return e
}

// checker looks for what CEL allows but nobody means, and for what could cost too much.
type checker struct {
	ast *cel.Ast
	err *Error
}

func check(a *cel.Ast) error {
	c := &checker{ast: a}
	ast.PreOrderVisit(a.NativeRep().Expr(), ast.NewExprVisitor(c.visit))
	if c.err != nil {
		return c.err
	}
	return nil
}

func (c *checker) fail(e ast.Expr, format string, args ...any) {
	if c.err == nil {
		c.err = at(c.ast, e.ID(), format, args...)
	}
}

func (c *checker) visit(e ast.Expr) {
	switch e.Kind() {
	case ast.StructKind:
		c.fail(e, "an object is written {\"name\": value}, without %q before it", e.AsStruct().TypeName())
	case ast.CallKind:
		c.call(e, e.AsCall())
	}
}

func (c *checker) call(e ast.Expr, call ast.CallExpr) {
	args := call.Args()
	switch call.FunctionName() {
	case operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals:
		for _, a := range args {
			if isSeverity(a) {
				c.fail(a, "event.severity is a text, and texts compare by the alphabet: compare event.severity_level with INFO, LOW, MEDIUM, HIGH or CRITICAL")
			}
		}
	case operators.Equals, operators.NotEquals:
		if isSeverity(args[0]) {
			c.severityName(args[1])
		} else if isSeverity(args[1]) {
			c.severityName(args[0])
		}
	case operators.In:
		if isSeverity(args[0]) && args[1].Kind() == ast.ListKind {
			for _, a := range args[1].AsList().Elements() {
				c.severityName(a)
			}
		}
	case "matches":
		if _, ok := literal(args[len(args)-1]); !ok {
			c.fail(args[len(args)-1], "the pattern of matches must be a text that stands here: one that comes from an event could be anything")
		}
	case "inCidr":
		c.networks(args)
	}
}

func isSeverity(e ast.Expr) bool {
	if e.Kind() != ast.SelectKind {
		return false
	}
	s := e.AsSelect()
	return s.FieldName() == "severity" && s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == "event"
}

func (c *checker) severityName(e ast.Expr) {
	text, ok := literal(e)
	if !ok {
		return
	}
	for _, name := range event.Severities() {
		if name == text {
			return
		}
	}
	c.fail(e, "%q is no severity: %s", clip(text), strings.Join(event.Severities(), ", "))
}

func (c *checker) networks(args []ast.Expr) {
	if len(args) != 2 {
		return
	}
	list := args[1:]
	if args[1].Kind() == ast.ListKind {
		list = args[1].AsList().Elements()
	}
	for _, e := range list {
		if text, ok := literal(e); ok {
			if _, err := netip.ParsePrefix(text); err != nil {
				c.fail(e, "%q is not a network such as 10.0.0.0/8", clip(text))
			}
		}
	}
}

// literal is the value of a text that stands in the source.
func literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// template checks that an expression makes an object whose structure stands in the source, and gives the names of each
// object in it in their order.
func template(a *cel.Ast) ([][]string, error) {
	root := a.NativeRep().Expr()
	if err := literalObject(a, root); err != nil {
		return nil, err
	}
	var orders [][]string
	var wrong *Error
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		if wrong != nil || e.Kind() != ast.MapKind {
			return
		}
		var names []string
		names, wrong = literalNames(a, e)
		orders = append(orders, names)
	}))
	if wrong != nil {
		return nil, wrong
	}
	return orders, nil
}

// literalObject: {…}, or one of two by a condition.
func literalObject(a *cel.Ast, e ast.Expr) error {
	switch {
	case e.Kind() == ast.MapKind:
		return nil
	case e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Conditional:
		args := e.AsCall().Args()
		if err := literalObject(a, args[1]); err != nil {
			return err
		}
		return literalObject(a, args[2])
	}
	return at(a, e.ID(), "want an object that stands here, such as {\"title\": event.title}: its structure must not come from an event")
}

func literalNames(a *cel.Ast, e ast.Expr) ([]string, *Error) {
	var names []string
	seen := map[string]bool{}
	for _, entry := range e.AsMap().Entries() {
		key := entry.AsMapEntry().Key()
		name, ok := literal(key)
		if !ok {
			return nil, at(a, key.ID(), "the names of an object must be texts that stand here: they must not come from an event")
		}
		if seen[name] {
			return nil, at(a, key.ID(), "the name %q stands twice in the object", clip(name))
		}
		seen[name] = true
		names = append(names, name)
	}
	return names, nil
}
