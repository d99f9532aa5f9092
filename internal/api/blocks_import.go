package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/respond"
	"github.com/tocsin-hub/tocsin/internal/respond/guard"
)

// Limits of an import.
const (
	// maxImportBytes bounds its body (4 MiB).
	maxImportBytes = 4 << 20
	// maxItemErrors bounds what is said of one item.
	maxItemErrors = 5
)

// BlockImported is what became of one item of an import.
type BlockImported struct {
	Index    int             `json:"index" doc:"Its place in the import, from 0." example:"0"`
	Line     int             `json:"line,omitempty" doc:"Its line, of csv and plain text, from 1." example:"2"`
	Target   string          `json:"target" doc:"Its target, as it was given or as it is blocked." example:"203.0.113.7"`
	Outcome  string          `json:"outcome" enum:"blocked,pending,merged,planned,refused,invalid" doc:"What became of it." example:"blocked"`
	Block    string          `json:"block,omitempty" doc:"The block." example:"blk_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Errors   []FieldError    `json:"errors,omitempty" doc:"What is wrong with it, of an invalid one."`
	Findings []guard.Finding `json:"findings,omitempty" doc:"Why not simply allowed."`
}

// BlockImport is the answer to an import.
type BlockImport struct {
	Counts map[string]int  `json:"counts" doc:"How many, by what became of them." example:"{\"blocked\":998,\"refused\":2}"`
	Items  []BlockImported `json:"items" doc:"What became of each, in their order."`
}

// importItem is a request with what export adds to it, which is not looked at.
type importItem struct {
	respond.Request

	ID          jsontext.Value `json:"id,omitzero"`
	State       jsontext.Value `json:"state,omitzero"`
	CreatedAt   jsontext.Value `json:"created_at,omitzero"`
	ExpiresAt   jsontext.Value `json:"expires_at,omitzero"`
	RequestedBy jsontext.Value `json:"requested_by,omitzero"`
}

// importLine is an item as it was read; wrong says why it could not be.
type importLine struct {
	request respond.Request
	line    int
	wrong   form.Errors
}

func (a *server) importBlocks(ctx context.Context, in *struct {
	ContentType string `header:"Content-Type" doc:"application/json, text/csv or text/plain." example:"text/csv"`
	TTL         string `query:"ttl" maxLength:"32" doc:"How long, for items that do not say." example:"24h"`
	Reason      string `query:"reason" maxLength:"1000" doc:"Why, for items that do not say."`
	DryRun      bool   `query:"dry_run" doc:"Only says what would become of each."`
	RawBody     []byte `contentType:"application/octet-stream"`
}) (*body[BlockImport], error) {
	lines, err := readImport(in.ContentType, in.RawBody)
	if err != nil {
		return nil, err
	}
	requests, place := make([]respond.Request, 0, len(lines)), make([]int, 0, len(lines))
	for i := range lines {
		r := &lines[i].request
		if len(lines[i].wrong) > 0 {
			continue
		}
		if r.TTL == "" {
			r.TTL = in.TTL
		}
		if r.Reason == "" {
			r.Reason = in.Reason
		}
		in.DryRun = in.DryRun || r.DryRun // of one is of all: the rooms below store all or nothing of it
		requests, place = append(requests, *r), append(place, i)
	}
	out := BlockImport{Counts: map[string]int{}, Items: make([]BlockImported, len(lines))}
	for i, l := range lines {
		out.Items[i] = BlockImported{Index: i, Line: l.line, Target: event.Clip(l.request.Target, maxLocation), Outcome: outcomeInvalid, Errors: itemErrors(l.wrong)}
	}
	for n := range requests {
		requests[n].DryRun = in.DryRun
	}
	done, err := a.Blocks.Import(ctx, accountOf(ctx), requests)
	if err != nil {
		return nil, err
	}
	for n, i := range place {
		imported(&out.Items[i], done[n], in.DryRun)
	}
	for i := range out.Items {
		out.Counts[out.Items[i].Outcome]++
	}
	return answer(out), nil
}

// What becomes of items beside the outcomes of requests.
const (
	outcomeRefused = "refused"
	outcomeInvalid = "invalid"
)

// imported says what became of an item.
func imported(item *BlockImported, got respond.Asked, dry bool) {
	refused, isRefusal := errors.AsType[*respond.RefusedError](got.Err)
	fields, isFields := form.AsErrors(got.Err)
	switch {
	case isRefusal:
		item.Outcome, item.Findings = outcomeRefused, refused.Verdict.Findings
	case isFields:
		item.Errors = itemErrors(fields)
	case got.Err != nil:
		item.Outcome, item.Errors = outcomeRefused, []FieldError{{Message: known(got.Err).text()}}
	case got.Outcome != nil:
		o := got.Outcome
		item.Outcome, item.Target, item.Block, item.Findings = outcomeOf(*o, dry), targetText(o.Block.Target), idOrEmpty(event.PrefixBlock, o.Block.ID), o.Verdict.Findings
		if dry && o.Verdict.Decision == guard.Refuse {
			item.Outcome = outcomeRefused
		}
	}
}

// text is what a problem says; of none, that the log says more.
func (p *Problem) text() string {
	if p == nil {
		return "it could not be done"
	}
	return p.Detail
}

func itemErrors(fields form.Errors) []FieldError {
	var list []FieldError
	for _, f := range fields[:min(len(fields), maxItemErrors)] {
		location := "item"
		if f.Path != "" {
			location += "." + f.Path
		}
		list = append(list, fieldError(location, f.Message))
	}
	return list
}

// readImport reads the body of an import. The error is for the caller.
func readImport(contentType string, body []byte) ([]importLine, error) {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	var lines []importLine
	var err error
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	switch mediaType {
	case "text/csv":
		lines, err = readCSV(body)
	case "text/plain":
		lines, err = readPlain(body)
	case "application/json", "":
		lines, err = readItems(body)
	default:
		return nil, problem(http.StatusUnsupportedMediaType, "the body must be JSON, CSV or plain text: send Content-Type: application/json, text/csv or text/plain")
	}
	if err == nil && len(lines) == 0 {
		err = fieldFault("", "there is nothing to import in it")
	}
	return lines, err
}

var errImportSize = fieldFault("items", "must be at most %d", respond.MaxImport)

func readItems(body []byte) ([]importLine, error) {
	var in struct {
		Items []jsontext.Value `json:"items"`
	}
	if err := jsonv2.Unmarshal(body, &in, jsonv2.RejectUnknownMembers(true)); err != nil {
		if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
			return nil, jsonProblem(syntactic)
		}
		return nil, fieldFault("", `must be an object {"items": […]}`)
	}
	if len(in.Items) > respond.MaxImport {
		return nil, errImportSize
	}
	lines := make([]importLine, len(in.Items))
	for i, raw := range in.Items {
		var item importItem
		err := jsonv2.Unmarshal(raw, &item, jsonv2.RejectUnknownMembers(true))
		lines[i].request = item.Request
		if semantic, ok := errors.AsType[*jsonv2.SemanticError](err); ok {
			path := strings.TrimPrefix(locationOf(semantic.JSONPointer), "body")
			message := "is not of the right kind"
			if errors.Is(err, jsonv2.ErrUnknownName) {
				message = "is not a known field"
			}
			lines[i].wrong.Add(strings.TrimPrefix(path, "."), "%s", message)
		} else if err != nil {
			lines[i].wrong.Add("", "cannot be read")
		}
	}
	return lines, nil
}

// readPlain reads a target a line, with ttl and reason after it. What begins with # or ; is a comment, also behind a target
// that stands alone, as published lists have it ("192.0.2.0/24 ; SBL1").
func readPlain(body []byte) ([]importLine, error) {
	var lines []importLine
	n := 0
	for text := range strings.Lines(strings.ToValidUTF8(string(body), "\ufffd")) {
		n++
		text = strings.TrimSpace(text)
		if text == "" || strings.ContainsRune("#;", rune(text[0])) {
			continue
		}
		if len(lines) == respond.MaxImport {
			return nil, errImportSize
		}
		lines = append(lines, importLine{request: requestOf(strings.SplitN(withoutComment(text), ",", 3), plainColumns), line: n})
	}
	return lines, nil
}

// withoutComment takes a comment away that stands behind the target and a blank. One behind a comma is part of a reason.
func withoutComment(text string) string {
	end := strings.IndexAny(text, " \t,")
	if end < 0 || text[end] == ',' || !strings.ContainsAny(strings.TrimLeft(text[end:], " \t")[:1], "#;") {
		return text
	}
	return text[:end]
}

// plainColumns is where things stand without a head.
var plainColumns = map[string]int{"target": 0, "ttl": 1, "reason": 2}

// readCSV reads a table, with or without a head.
func readCSV(body []byte) ([]importLine, error) {
	r := csv.NewReader(bytes.NewReader(body))
	r.FieldsPerRecord, r.Comment, r.TrimLeadingSpace = -1, '#', true
	columns, first := plainColumns, true
	var lines []importLine
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if len(lines) == respond.MaxImport {
			return nil, errImportSize
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			l := importLine{line: wrong.Line}
			l.wrong.Add("", "%s (column %d)", wrong.Err, wrong.Column)
			lines = append(lines, l)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading the table: %w", err)
		}
		line, _ := r.FieldPos(0)
		if first && strings.EqualFold(strings.TrimSpace(record[0]), "target") || first && hasTarget(record) {
			columns, first = map[string]int{}, false
			for i, name := range record {
				columns[strings.ToLower(strings.TrimSpace(name))] = i
			}
			continue
		}
		first = false
		lines = append(lines, importLine{request: requestOf(record, columns), line: line})
	}
}

// hasTarget says whether a line is a head that names the column of targets.
func hasTarget(record []string) bool {
	for _, name := range record {
		if strings.EqualFold(strings.TrimSpace(name), "target") {
			return true
		}
	}
	return false
}

func requestOf(record []string, columns map[string]int) respond.Request {
	at := func(name string) string {
		i, ok := columns[name]
		if !ok || i >= len(record) {
			return ""
		}
		return unguarded(strings.TrimSpace(record[i]))
	}
	return respond.Request{Target: at("target"), TTL: at("ttl"), Reason: strings.ToValidUTF8(at("reason"), "\ufffd")}
}

// startsFormula says whether a spreadsheet would take a text for a formula.
func startsFormula(text string) bool {
	return text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0]))
}

// guarded is a text that no spreadsheet takes for a formula; unguarded takes the apostrophe away again.
func guarded(text string) string {
	if startsFormula(text) || strings.HasPrefix(text, "'") {
		return "'" + text
	}
	return text
}

func unguarded(text string) string {
	if rest, ok := strings.CutPrefix(text, "'"); ok && (startsFormula(rest) || strings.HasPrefix(rest, "'")) {
		return rest
	}
	return text
}
