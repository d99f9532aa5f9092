package expr

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// writer writes a value of CEL as JSON.
type writer struct {
	dst    []byte
	most   int // the longest that dst may get
	orders [][]string
}

var errResult = fmt.Errorf("the result is more than %d bytes", MaxResult)

func (w *writer) value(v ref.Val) error {
	switch v := v.(type) {
	case types.String:
		if len(w.dst)+len(v) > w.most { // before it is copied
			return errResult
		}
		w.dst = event.AppendString(w.dst, string(v))
	case types.Bool:
		w.dst = strconv.AppendBool(w.dst, bool(v))
	case types.Int:
		w.dst = strconv.AppendInt(w.dst, int64(v), 10)
	case types.Uint:
		w.dst = strconv.AppendUint(w.dst, uint64(v), 10)
	case types.Double:
		return w.double(float64(v))
	case types.Null:
		w.dst = append(w.dst, "null"...)
	case types.Timestamp:
		w.dst = append(v.UTC().AppendFormat(append(w.dst, '"'), time.RFC3339Nano), '"')
	case types.Duration:
		w.dst = event.AppendString(w.dst, strconv.FormatFloat(v.Seconds(), 'f', -1, 64)+"s")
	case types.Bytes:
		w.dst = event.AppendString(w.dst, base64.StdEncoding.EncodeToString(v))
	case *object:
		return w.raw(v.raw)
	case *array:
		return w.raw(v.raw)
	case *part:
		return w.raw(v.object.raw)
	case *self:
		if len(w.dst)+v.view.record.Size() > w.most {
			return errResult
		}
		w.dst = v.view.record.AppendLinked(w.dst, v.view.link)
	case traits.Mapper:
		return w.object(v)
	case traits.Lister:
		return w.array(v)
	default:
		return fmt.Errorf("%s has no form in JSON", kindOf(v))
	}
	return w.full()
}

func (w *writer) full() error {
	if len(w.dst) > w.most {
		return errResult
	}
	return nil
}

// raw writes what is JSON already.
func (w *writer) raw(raw []byte) error {
	if len(w.dst)+len(raw) > w.most {
		return errResult
	}
	w.dst = event.AppendCompact(w.dst, raw)
	return nil
}

func (w *writer) double(n float64) error {
	if math.IsNaN(n) || math.IsInf(n, 0) {
		return errors.New("a number that is infinite, or none, has no form in JSON")
	}
	format := byte('f')
	if abs := math.Abs(n); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	w.dst = strconv.AppendFloat(w.dst, n, format, -1, 64)
	return w.full()
}

func (w *writer) array(list traits.Lister) error {
	w.dst = append(w.dst, '[')
	for it, first := list.Iterator(), true; it.HasNext() == types.True; first = false {
		if !first {
			w.dst = append(w.dst, ',')
		}
		if err := w.value(it.Next()); err != nil {
			return err
		}
	}
	w.dst = append(w.dst, ']')
	return w.full()
}

// object writes a map that the expression made. Its names are in the order of the source.
func (w *writer) object(m traits.Mapper) error {
	var names []string
	for it := m.Iterator(); it.HasNext() == types.True; {
		name, ok := it.Next().(types.String)
		if !ok {
			return errors.New("the names of an object are texts")
		}
		names = append(names, string(name))
	}
	w.sort(names)
	w.dst = append(w.dst, '{')
	for i, name := range names {
		if i > 0 {
			w.dst = append(w.dst, ',')
		}
		w.dst = append(event.AppendString(w.dst, name), ':')
		if err := w.value(m.Get(types.String(name))); err != nil {
			return err
		}
	}
	w.dst = append(w.dst, '}')
	return w.full()
}

// sort brings the names of a map into the order of the literal that has just these; of several such literals the first
// counts.
func (w *writer) sort(names []string) {
	slices.Sort(names)
	for _, order := range w.orders {
		if len(order) != len(names) {
			continue
		}
		same := slices.Clone(order)
		slices.Sort(same)
		if slices.Equal(same, names) {
			copy(names, order)
			return
		}
	}
}

// kindOf words what a value is.
func kindOf(v ref.Val) string {
	switch v.(type) {
	case types.String:
		return "a text"
	case types.Bool:
		return "true or false"
	case types.Int, types.Uint, types.Double:
		return "a number"
	case types.Null:
		return "null"
	case traits.Mapper:
		return "an object"
	case traits.Lister:
		return "a list"
	case types.Timestamp:
		return "a time"
	case types.Duration:
		return "a duration"
	}
	return "a value of type " + v.Type().TypeName()
}
