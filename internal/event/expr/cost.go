package expr

import (
	"cel.dev/cel-go/common/cost"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/overloads"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// How many bytes one unit of cost looks at. A byte of a plain search costs about 0.1 to 1 ns.
const (
	scanUnit  = 256
	globUnit  = 16
	matchUnit = 64 // of maxMatchWork: one matches takes most of MaxCost at the worst
	makeUnit  = 64 // of a text that is made, or read character by character

	listUnits = 10  // a list of lists
	zoneUnits = 100 // finding a time zone, in units
)

// charges is CEL's cost estimator. It goes by the name of a function, and not by its overload: of a value whose type
// shows only with the event, as everything in data, CEL does not say the overload, and takes any call for one unit.
type charges struct{}

var _ cost.ActualCostEstimator = charges{}

// CallCost implements cost.ActualCostEstimator; nil leaves the cost to CEL's own model.
func (charges) CallCost(function, _ string, args []ref.Val, result ref.Val) *uint64 {
	if charge := costOf[function]; charge != nil && len(args) > 0 {
		return charge(args, result)
	}
	return nil
}

// costOf are the costs of calls by what they are given, for whose length CEL's own model is too careless, or too careful:
// nobody should get past a condition by a long description. They are charged when the call is done, so a call must be
// bounded by itself: by the size of an event, by MaxText, maxMatchWork or maxGlobSteps.
var costOf = map[string]func(args []ref.Val, result ref.Val) *uint64{
	operators.Equals: compared, operators.NotEquals: compared,
	operators.Less: compared, operators.LessEquals: compared, operators.Greater: compared, operators.GreaterEquals: compared,
	operators.In: sought, operators.OldIn: sought,
	operators.Add:        added,
	overloads.Contains:   scanned,
	overloads.StartsWith: scanned,
	overloads.EndsWith:   scanned,
	overloads.Matches:    matched,
	overloads.Size:       read,

	overloads.TypeConvertInt: read, overloads.TypeConvertUint: read, overloads.TypeConvertDouble: read, overloads.TypeConvertBool: read,
	overloads.TypeConvertString: read, overloads.TypeConvertBytes: read,
	overloads.TypeConvertTimestamp: read, overloads.TypeConvertDuration: read,

	overloads.TimeGetFullYear: dated, overloads.TimeGetMonth: dated, overloads.TimeGetDayOfYear: dated,
	overloads.TimeGetDate: dated, overloads.TimeGetDayOfMonth: dated, overloads.TimeGetDayOfWeek: dated,
	overloads.TimeGetHours: dated, overloads.TimeGetMinutes: dated, overloads.TimeGetSeconds: dated,
	overloads.TimeGetMilliseconds: dated,

	"glob": globbed, "inCidr": sought,
	"lowerAscii": made, "upperAscii": made, "trim": made, "substring": made, "replace": made, "join": made,
	"split": split, "indexOf": scanned, "lastIndexOf": scanned,
}

func units(n, unit int) *uint64 {
	c := 1 + uint64(n/unit)
	return &c
}

// bytesOf is how much there is to look at in a value.
func bytesOf(v ref.Val) int {
	switch v := v.(type) {
	case types.String:
		return len(v)
	case types.Bytes:
		return len(v)
	case *object:
		return 16 * len(v.raw) // it is parsed for it
	case *array:
		return 16 * len(v.raw)
	case *part:
		return 16 * len(v.object.raw)
	case interface{ Size() ref.Val }:
		n, _ := v.Size().(types.Int)
		return 16 * scanUnit / 4 * int(n)
	}
	return 8
}

func compared(args []ref.Val, _ ref.Val) *uint64 {
	return units(min(bytesOf(args[0]), bytesOf(args[1])), scanUnit)
}

func scanned(args []ref.Val, _ ref.Val) *uint64 { return units(bytesOf(args[0]), scanUnit) }

// read is going once over a text, a character at a time.
func read(args []ref.Val, _ ref.Val) *uint64 {
	if text, ok := textOf(args[0]); ok {
		return units(len(text), makeUnit)
	}
	return units(0, 1)
}

// added is the cost of +. Lists that are put together are not copied.
func added(args []ref.Val, result ref.Val) *uint64 {
	switch result.(type) {
	case types.String, types.Bytes:
		return made(args, result)
	case traits.Lister:
		return units(listUnits, 1)
	}
	return units(0, 1)
}

// dated is looking at a time; with a zone, that is looked up among the files of the system.
func dated(args []ref.Val, _ ref.Val) *uint64 { return units((len(args)-1)*zoneUnits, 1) }

func globbed(args []ref.Val, _ ref.Val) *uint64 {
	return units(bytesOf(args[0])*(1+bytesOf(args[1])/32), globUnit)
}

func made(args []ref.Val, result ref.Val) *uint64 {
	return units(bytesOf(args[0])/4+bytesOf(result), makeUnit)
}

// sought is looking for a value among others; a name in an object is found at once.
func sought(args []ref.Val, _ ref.Val) *uint64 {
	n := 1
	if _, ok := args[1].(traits.Mapper); ok {
		return units(bytesOf(args[0]), scanUnit)
	}
	if l, ok := args[1].(interface{ Size() ref.Val }); ok {
		size, _ := l.Size().(types.Int)
		n += int(size)
	}
	return units(n*(scanUnit+bytesOf(args[0])), scanUnit)
}

// split makes a list.
func split(args []ref.Val, result ref.Val) *uint64 {
	n := 0
	if l, ok := result.(interface{ Size() ref.Val }); ok {
		size, _ := l.Size().(types.Int)
		n = int(size)
	}
	return units(bytesOf(args[0])+n*makeUnit/2, makeUnit)
}
