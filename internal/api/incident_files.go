package api

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/tocsin-hub/tocsin/internal/alerting/incident"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Attachment is a file that belongs to an incident.
type Attachment struct {
	ID     string `json:"id" doc:"Its id." example:"atc_01kmb7a2v4e9zr6x3q8w5t0ysd"`
	Name   string `json:"name" doc:"Its name, without a path and without characters that cannot be seen." example:"mail.eml"`
	Type   string `json:"type,omitempty" doc:"What its sender said that it is. Nobody has checked it, and it is never served as that." example:"message/rfc822"`
	Size   int64  `json:"size" doc:"Bytes." example:"48213"`
	SHA256 string `json:"sha256" doc:"The SHA-256 of its content, in hexadecimal."`
	By     string `json:"by,omitempty" doc:"Who attached it." example:"dana@example.com"`

	CreatedAt time.Time `json:"created_at" doc:"When."`
}

func newAttachment(a store.Attachment) Attachment {
	return Attachment{
		ID: a.ID.Text(event.PrefixAttachment), Name: a.Name, Type: a.Type, Size: a.Size, SHA256: hex.EncodeToString(a.SHA256[:]), By: a.By, CreatedAt: a.At,
	}
}

// fileType is what every attachment is served as, whatever it is.
const fileType = "application/octet-stream"

// policyFile lets a browser do nothing with a file but save it.
const policyFile = "default-src 'none'; sandbox; frame-ancestors 'none'"

// uploadSlack is what the parts of a multipart body may need beside the file (64 KiB).
const uploadSlack = 64 << 10

// AttachmentPath names an attachment in a path.
type AttachmentPath struct {
	IncidentPath
	ID string `path:"id" maxLength:"64" doc:"The attachment's id." example:"atc_01kmb7a2v4e9zr6x3q8w5t0ysd"`
}

func (p AttachmentPath) both() (number int64, id event.ID, err error) {
	if number, err = p.number(); err == nil {
		id, err = pathID(event.PrefixAttachment, p.ID)
	}
	return number, id, err
}

func (a *server) attachmentOperations(one string) {
	base := one + "/attachments"
	register(a, op{
		id: "list-attachments", method: http.MethodGet, path: base, tag: tagIncidents, scope: scopeIncidents,
		summary: "List an incident's attachments", about: "At most 50, the oldest first.", problems: []int{http.StatusNotFound},
	}, a.listAttachments)
	register(a, op{
		id: "create-attachment", method: http.MethodPost, path: base, tag: tagIncidents, scope: scopeIncidentsWrite, act: "incident.attach",
		summary: "Attach a file", status: http.StatusCreated, upload: incident.MaxAttachmentBytes + uploadSlack,
		about: "The file as the body, with its name as a parameter; or multipart/form-data with exactly one file. At most 10 MiB, 50 for an incident, and 1 GiB for an account.",
		problems: []int{
			http.StatusNotFound, http.StatusConflict, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity,
		},
	}, a.createAttachment)
	register(a, op{
		id: "get-attachment", method: http.MethodGet, path: base + "/{id}", tag: tagIncidents, scope: scopeIncidents, download: fileType,
		summary: "Download an attachment", about: "Always as a download of bytes, whatever its sender said that it is.", problems: []int{http.StatusNotFound},
	}, a.getAttachment)
	register(a, op{
		id: "delete-attachment", method: http.MethodDelete, path: base + "/{id}", tag: tagIncidents, scope: scopeIncidentsWrite, act: "incident.detach",
		summary: "Delete an attachment", status: http.StatusNoContent, about: "The timeline keeps that it was there.", problems: []int{http.StatusNotFound},
	}, func(ctx context.Context, in *AttachmentPath) (*struct{}, error) {
		number, id, err := in.both()
		if err != nil {
			return nil, err
		}
		return nil, a.Incidents.Detach(ctx, accountOf(ctx), number, id)
	})
}

func (a *server) listAttachments(ctx context.Context, in *IncidentPath) (*body[list[Attachment]], error) {
	number, err := in.number()
	if err != nil {
		return nil, err
	}
	rows, err := a.Incidents.Attachments(ctx, accountOf(ctx), number)
	if err != nil {
		return nil, err
	}
	l := list[Attachment]{Items: make([]Attachment, len(rows))}
	for i, r := range rows {
		l.Items[i] = newAttachment(r)
	}
	return answer(l), nil
}

type attachmentAnswer struct {
	Location string `header:"Location" doc:"Where the file is."`
	Body     Attachment
}

func (a *server) createAttachment(ctx context.Context, in *struct {
	IncidentPath
	Name        string `query:"name" maxLength:"1000" doc:"The file's name." example:"mail.eml"`
	ContentType string `header:"Content-Type" doc:"What the body is: multipart/form-data, or whatever the file is."`
	RawBody     []byte `contentType:"application/octet-stream"`
}) (*attachmentAnswer, error) {
	number, err := in.number()
	if err != nil {
		return nil, err
	}
	f, err := readUpload(in.ContentType, in.Name, in.RawBody)
	if err != nil {
		return nil, err
	}
	if len(f.content) > incident.MaxAttachmentBytes {
		return nil, problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("the file is larger than %d bytes", incident.MaxAttachmentBytes))
	}
	row, err := a.Incidents.Attach(ctx, accountOf(ctx), number, f.name, f.kind, f.content)
	if err != nil {
		return nil, err
	}
	out := newAttachment(row)
	return &attachmentAnswer{Location: incidentsBase + "/" + incident.Number(number) + "/attachments/" + out.ID, Body: out}, nil
}

// upload is a file as it came.
type upload struct {
	name, kind string
	content    []byte
}

// readUpload finds the file in a body. The error is form.Errors.
func readUpload(contentType, name string, body []byte) (upload, error) {
	mediaType, params, _ := mime.ParseMediaType(contentType) // what is none is a file of whatever kind
	if mediaType != "multipart/form-data" {
		return upload{name: name, kind: contentType, content: body}, nil
	}
	wrong := form.Errors{{Message: "must be multipart/form-data with exactly one file"}}
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	var found *upload
	for {
		part, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return upload{}, wrong
		}
		_, given, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
		if err != nil || given["filename"] == "" {
			continue
		}
		if found != nil {
			return upload{}, wrong
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return upload{}, wrong
		}
		found = &upload{name: given["filename"], kind: part.Header.Get("Content-Type"), content: content}
	}
	if found == nil {
		return upload{}, wrong
	}
	if name != "" {
		found.name = name
	}
	return *found, nil
}

func (a *server) getAttachment(ctx context.Context, in *AttachmentPath) (*huma.StreamResponse, error) {
	number, id, err := in.both()
	if err != nil {
		return nil, err
	}
	file, content, err := a.Incidents.Attachment(ctx, accountOf(ctx), number, id)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(out huma.Context) {
		out.SetHeader("Content-Type", fileType)
		out.SetHeader("Content-Disposition", disposition(file.Name))
		out.SetHeader("Content-Security-Policy", policyFile)
		out.SetStatus(http.StatusOK)
		if out.Method() != http.MethodHead {
			_, _ = out.BodyWriter().Write(content) // a caller that hung up has nobody to tell
		}
	}}, nil
}

// disposition makes a browser save a file under its name (RFC 6266): in ASCII for old ones, in UTF-8 for the others. The
// name has been made safe when it was stored; what it holds beyond that changes nothing here.
func disposition(name string) string {
	ascii := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, name)
	return `attachment; filename="` + ascii + `"; filename*=UTF-8''` + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}
