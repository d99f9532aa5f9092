package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humachi"
)

// stream answers with a file that is made while it is sent. An error before its first byte is a problem like any other;
// one after it breaks the connection off, so that nobody takes a part for the whole.
func (a *server) stream(ctx context.Context, contentType, file string, write func(io.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hctx huma.Context) {
		_, out := humachi.Unwrap(hctx)
		w := &streamWriter{ctx: hctx, out: http.NewResponseController(out), contentType: contentType, file: file}
		if hctx.Method() == http.MethodHead { // the file is not made for its headers alone
			w.begin()
			return
		}
		err := write(w)
		switch {
		case err == nil:
			return
		case w.begun:
			a.log.ErrorContext(ctx, "a download failed on its way", slog.String("file", file), slog.String("error", err.Error()))
			panic(http.ErrAbortHandler)
		}
		var p *Problem
		if !errors.As(a.fail(ctx, file, err), &p) {
			p = problem(http.StatusInternalServerError, "something went wrong inside; the log says what")
		}
		for name := range p.headers {
			hctx.SetHeader(name, p.headers.Get(name))
		}
		hctx.SetHeader("Content-Type", problemType)
		hctx.SetStatus(p.Status)
		_ = json.NewEncoder(hctx.BodyWriter()).Encode(p) // a caller that hung up needs no answer
	}}
}

// stalled is how long a client may take none of a download before the hub gives it up.
const stalled = time.Minute

// streamWriter sends the headers with the first byte.
type streamWriter struct {
	ctx               huma.Context
	out               *http.ResponseController
	contentType, file string
	begun             bool
}

func (w *streamWriter) Write(p []byte) (int, error) {
	if !w.begun {
		w.begin()
	}
	// Not every writer has deadlines; one that has none is a test's.
	_ = w.out.SetWriteDeadline(time.Now().Add(stalled))
	return w.ctx.BodyWriter().Write(p)
}

func (w *streamWriter) begin() {
	w.begun = true
	w.ctx.SetHeader("Content-Type", w.contentType)
	w.ctx.SetHeader("Content-Disposition", `attachment; filename="`+w.file+`"`)
	w.ctx.SetStatus(http.StatusOK)
}
