package expr

import (
	"fmt"
	"regexp"

	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"
)

const (
	// maxRegexProgram bounds a regular expression, in instructions of the compiled form.
	maxRegexProgram = 1000
	// maxMatchWork bounds one matches: the bytes of the text times the instructions of the pattern. RE2 never takes more
	// than that many steps, each 1 to 25 ns: 13 ms at the worst. A pattern of 18 instructions, such as
	// (?i)powershell.*-enc, reads texts of up to 28 KiB.
	maxMatchWork = 512 << 10
)

// pattern is a regular expression that stands in a source.
type pattern struct {
	*regexp.Regexp
	size int // instructions
}

// patterns remembers them: the cost of a call is asked for by the pattern's text.
var patterns = memory[pattern]{most: 1024}

func patternOf(text string) (*pattern, error) {
	return patterns.get(text, func() (*pattern, error) {
		compiled, err := regexp.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("compiling the pattern: %w", err)
		}
		size, err := types.RegexProgramSize(text)
		if err != nil {
			return nil, fmt.Errorf("compiling the pattern: %w", err)
		}
		return &pattern{compiled, max(size, 1)}, nil
	})
}

func (p *pattern) match(text string) ref.Val {
	if len(text)*p.size > maxMatchWork {
		return types.NewErr("a text of %d bytes is too long for this pattern of matches, which reads up to %d", len(text), maxMatchWork/p.size)
	}
	return types.Bool(p.MatchString(text))
}

// boundedMatches takes the place of CEL's own matches, for which no text is too long. (The checker sees to it that every
// pattern stands in the source.)
func boundedMatches() []*interpreter.RegexOptimization {
	var list []*interpreter.RegexOptimization
	for _, overload := range []string{overloads.Matches, overloads.MatchesString} {
		list = append(list, &interpreter.RegexOptimization{Function: overloads.Matches, OverloadID: overload, RegexIndex: 1, Factory: bounded})
	}
	return list
}

func bounded(call interpreter.InterpretableCall, text string) (interpreter.InterpretableCall, error) {
	p, err := patternOf(text)
	if err != nil {
		return nil, err
	}
	return interpreter.NewCall(call.ID(), call.Function(), call.OverloadID(), call.Args(), func(values ...ref.Val) ref.Val {
		in, ok := textOf(values[0])
		if !ok {
			return errOverload
		}
		return p.match(in)
	}), nil
}

// matched charges for the work that was done, as maxMatchWork counts it.
func matched(args []ref.Val, _ ref.Val) *uint64 {
	text, _ := textOf(args[1])
	size := maxRegexProgram
	if p, err := patternOf(text); err == nil {
		size = p.size
	}
	return units(min(bytesOf(args[0])*size, maxMatchWork), matchUnit)
}
