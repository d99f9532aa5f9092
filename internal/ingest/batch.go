package ingest

import (
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
)

// batch collects what a request's body held.
type batch struct {
	lim       *Limits
	principal Principal
	received  time.Time
	parser    *event.Parser
	defaults  Defaults

	planMost      int  // how many events the plan allows in one request; 0: as many as lim
	single        bool // the body is one event, not a list
	items         int  // seen so far
	records       []*event.Record
	one           [1]*event.Record // where records begins: most requests hold one
	rejected      []rejection
	rejectedTotal int
	dropped       int  // by mapping rules
	spread        bool // mapping rules gave events to other accounts
	part          [1]portion
	forbidden     int    // of the rejected, those whose type the key may not send
	forbiddenType string // the first such type
}

// rejection says why one item was not taken.
type rejection struct {
	index  int
	err    string
	fields event.FieldErrors
}

// reservedTypes are the hub's own: only a key whose event types name them may send them, such as another hub's.
const reservedTypes = "audit."

// accept takes a record, unless its sender may not send it.
func (b *batch) accept(r *event.Record) {
	if may := b.principal.MaySend; may != nil && !may(r.Type) || may == nil && strings.HasPrefix(r.Type, reservedTypes) {
		if b.forbidden++; b.forbidden == 1 {
			b.forbiddenType = r.Type
		}
		b.reject(event.FieldErrors{{Field: "type", Detail: fmt.Sprintf("this key may not send events of type %q", r.Type)}}, "")
		return
	}
	if err := r.FillIn(b.defaults.Project, b.defaults.Labels, b.lim.Event); err != nil {
		b.reject(err, "")
		return
	}
	b.items++
	b.records = append(b.records, r)
}

// reject notes why an item was not taken; hint is appended to the error.
func (b *batch) reject(err error, hint string) {
	if len(b.rejected) < b.lim.Rejections {
		r := rejection{index: b.items, err: event.Clip(err.Error(), maxErrorBytes) + hint}
		if fields, ok := errors.AsType[event.FieldErrors](err); ok {
			r.fields = fields
		}
		b.rejected = append(b.rejected, r)
	}
	b.rejectedTotal++
	b.items++
}

// room says whether one more item may come. Its error is a problem with the whole request.
func (b *batch) room() error {
	switch {
	case b.planMost > 0 && b.items >= b.planMost && b.planMost < b.lim.Events:
		p := refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf(
			"the account's plan allows at most %d events in one request: nothing of it was taken; send several", b.planMost))
		p.code = codePlan
		return p
	case b.items < b.lim.Events:
		return nil
	}
	return refuse(http.StatusRequestEntityTooLarge, fmt.Sprintf("one request may hold at most %d events: send several", b.lim.Events))
}

// take makes records of what a decoder yields.
func (b *batch) take(d Decoder, body []byte, header http.Header) error {
	if c, ok := d.(clocked); ok {
		return b.takeItems(c.DecodeAt(body, header, b.lim.Event, b.received))
	}
	return b.takeItems(d.Decode(body, header, b.lim.Event))
}

// takeItems makes records of items.
func (b *batch) takeItems(items iter.Seq2[Item, error]) error {
	for item, err := range items {
		if err := b.room(); err != nil {
			return err
		}
		if err != nil {
			b.reject(err, "")
			continue
		}
		r, err := b.record(&item)
		if err != nil {
			b.reject(err, "")
			continue
		}
		b.accept(r)
	}
	return nil
}

// record makes a record of an item.
func (b *batch) record(item *Item) (*event.Record, error) {
	o := event.Origin{Account: b.principal.Account, Received: b.received, Raw: item.Raw}
	if item.Test {
		o.Flags = event.Test
	}
	r, err := event.FromEvent(&item.Event, o, b.lim.Event)
	if err != nil && item.plain != nil {
		instead := item.plain()
		o.Raw = instead.Raw
		r, err = event.FromEvent(&instead.Event, o, b.lim.Event)
	}
	return r, err
}

// maxTypeBytes bounds an event type in an answer; a valid one is no longer.
const maxTypeBytes = 128

// nothing is the answer when nothing was accepted.
func (b *batch) nothing() *problem {
	p := refuse(http.StatusUnprocessableEntity, "no event in the body was valid")
	switch {
	case b.items == 0:
		p.detail = "the body holds no event"
	case b.forbidden == b.rejectedTotal:
		p.status, p.code = http.StatusForbidden, codeEventType
		p.detail = fmt.Sprintf("this key may not send events of type %q", event.Clip(b.forbiddenType, maxTypeBytes))
	case b.single:
		p.detail = "the event is not valid: " + b.rejected[0].err
	}
	for _, r := range b.rejected {
		at := ""
		if !b.single {
			at = "[" + strconv.Itoa(r.index) + "]"
		}
		if r.fields == nil {
			p.errors = append(p.errors, fieldProblem{at, r.err})
		}
		for _, f := range r.fields {
			field := f.Field
			if at != "" && field != "" {
				field = "." + field
			}
			p.errors = append(p.errors, fieldProblem{at + field, event.Clip(f.Detail, maxErrorBytes)})
		}
	}
	p.rejected = b
	return p
}

// appendAnswer writes the 202's body.
func (b *batch) appendAnswer(dst []byte, ids event.Block, over uint64, dropped int) []byte {
	dst = append(dst, `{"accepted":`...)
	dst = strconv.AppendInt(dst, int64(ids.Len()), 10)
	dst = append(dst, `,"ids":[`...)
	for i := range ids.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = ids.At(i).AppendText(dst, event.PrefixEvent)
		dst = append(dst, '"')
	}
	dst = append(dst, ']', ',')
	dst = b.appendRejected(dst)
	if dropped > 0 {
		dst = strconv.AppendInt(append(dst, `,"dropped":`...), int64(dropped), 10)
	}
	if over > 0 {
		dst = strconv.AppendUint(append(dst, `,"over_quota":`...), over, 10)
	}
	return append(dst, "}\n"...)
}

// appendRejected writes the list of rejected items and, when there are any, how many there were.
func (b *batch) appendRejected(dst []byte) []byte {
	dst = append(dst, `"rejected":[`...)
	for i, r := range b.rejected {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"index":`...)
		dst = strconv.AppendInt(dst, int64(r.index), 10)
		dst = event.AppendString(append(dst, `,"error":`...), r.err)
		dst = append(dst, '}')
	}
	dst = append(dst, ']')
	if b.rejectedTotal > 0 {
		dst = append(dst, `,"rejected_total":`...)
		dst = strconv.AppendInt(dst, int64(b.rejectedTotal), 10)
	}
	return dst
}
