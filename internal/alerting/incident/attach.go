package incident

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"mime"
	"strings"
	"unicode"

	"github.com/tocsin-hub/tocsin/internal/alerting"
	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

// Limits of attachments.
const (
	MaxAttachmentBytes = 10 << 20 // of one (10 MiB)
	MaxAttachments     = 50       // of one incident
	MaxAccountBytes    = 1 << 30  // of all of an account (1 GiB)
	MaxFileName        = 200      // bytes of a name
	maxMediaType       = 100      // bytes of what the sender says that it is
)

// noName is what a file is called whose name leaves nothing.
const noName = "attachment"

// FileName makes a name that is safe to show, to send in a header and to save: what comes before a slash or a backslash
// goes, what cannot be seen goes, and it is never empty, "." or "..".
func FileName(text string) string {
	text = strings.ToValidUTF8(text, "")
	if at := strings.LastIndexAny(text, `/\`); at >= 0 {
		text = text[at+1:]
	}
	text = strings.Map(func(r rune) rune {
		switch {
		case !unicode.IsPrint(r): // line breaks, marks that turn the direction of text, and the like
			return -1
		case strings.ContainsRune(`"<>|:*?;%`, r): // mean something to a shell, a file system or a header
			return '_'
		}
		return r
	}, text)
	text = strings.Trim(text, " .")
	if text == "" {
		return noName
	}
	return strings.TrimRight(event.Clip(text, MaxFileName), " .")
}

// mediaType is what the sender says that a file is, if that is a media type; nobody checks it.
func mediaType(text string) string {
	t, _, err := mime.ParseMediaType(text)
	if err != nil || len(t) > maxMediaType || strings.Count(t, "/") != 1 || strings.ContainsFunc(t, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) }) {
		return ""
	}
	return t
}

// Attach stores a file with an incident. The name is made safe; contentType is kept as what the sender says. Errors:
// form.Errors, ErrNotFound, ErrNoRoom.
func (s *Service) Attach(ctx context.Context, account event.Account, number int64, name, contentType string, content []byte) (store.Attachment, error) {
	a := store.Attachment{
		ID: event.NewID(), Account: account, Number: number, Name: FileName(name), Type: mediaType(contentType), Size: int64(len(content)),
		SHA256: sha256.Sum256(content), By: event.Clip(oneLine(whoOf(ctx, alerting.Change{}).By), maxFactSmall), At: s.now(),
	}
	switch {
	case len(content) == 0:
		return a, form.Errors{{Message: "the file is empty"}}
	case len(content) > MaxAttachmentBytes:
		return a, form.Errors{{Message: fmt.Sprintf("a file has at most %d bytes", MaxAttachmentBytes)}}
	}
	_, _, err := s.do(ctx, deed{
		action: "incident.attach", account: account, number: number, verb: verbAttach,
		changed: map[string][2]string{"attachment": {"", a.Name}},
		amend:   s.touch(),
		save: func(ctx context.Context, w store.IncidentWrite) (store.Incident, error) {
			return s.deps.Store.AddAttachment(ctx, a, content, store.AttachmentLimits{PerIncident: MaxAttachments, PerAccount: MaxAccountBytes}, w)
		},
	})
	return a, err
}

// touch is an amendment that changes nothing but the time.
func (s *Service) touch() func(store.Incident) (store.Incident, error) {
	at := s.now()
	return func(now store.Incident) (store.Incident, error) {
		now.UpdatedAt = at
		return now, nil
	}
}

// Attachments lists those of an incident, the oldest first.
func (s *Service) Attachments(ctx context.Context, account event.Account, number int64) ([]store.Attachment, error) {
	if _, err := s.Get(ctx, account, number); err != nil {
		return nil, err
	}
	return s.deps.Store.ListAttachments(ctx, account, number)
}

// Attachment gives one with its content. Its error is ErrAttachment, or the store's.
func (s *Service) Attachment(ctx context.Context, account event.Account, number int64, id event.ID) (store.Attachment, []byte, error) {
	a, content, err := s.deps.Store.GetAttachment(ctx, account, number, id)
	if errors.Is(err, store.ErrNotFound) {
		return a, nil, ErrAttachment
	}
	return a, content, err
}

// Detach deletes an attachment. Errors: ErrNotFound, ErrAttachment.
func (s *Service) Detach(ctx context.Context, account event.Account, number int64, id event.ID) error {
	a, err := s.attachmentOf(ctx, account, number, id)
	if err != nil {
		return err
	}
	_, _, err = s.do(ctx, deed{
		action: "incident.detach", account: account, number: number, verb: verbDetach,
		changed: map[string][2]string{"attachment": {a.Name, ""}},
		amend:   s.touch(),
		save: func(ctx context.Context, w store.IncidentWrite) (store.Incident, error) {
			i, err := s.deps.Store.DeleteAttachment(ctx, account, number, id, w)
			if errors.Is(err, store.ErrNotFound) {
				err = ErrAttachment // somebody was faster
			}
			return i, err
		},
	})
	return err
}

func (s *Service) attachmentOf(ctx context.Context, account event.Account, number int64, id event.ID) (store.Attachment, error) {
	list, err := s.Attachments(ctx, account, number)
	if err != nil {
		return store.Attachment{}, err
	}
	for _, a := range list {
		if a.ID == id {
			return a, nil
		}
	}
	return store.Attachment{}, ErrAttachment
}
