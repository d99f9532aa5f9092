package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
)

// sendCmd sends events from files, standard input or the catalogue.
type sendCmd struct {
	hubFlags

	Files       []string `arg:"" optional:"" placeholder:"FILE" help:"Files of JSON: an object, an array, or objects one after another (NDJSON). \"-\" is standard input."`
	Sample      []string `placeholder:"TYPE" help:"Send the catalogue's sample of an event type; may be repeated."`
	Source      string   `default:"events" placeholder:"NAME" values:"@sources" help:"Dialect of the files: events (Tocsin's own), falco, wallarm, …"`
	ContentType string   `placeholder:"TYPE" help:"Send each file as it is, as one body of this type (for example application/cloudevents+json)."`
	Batch       int      `default:"500" placeholder:"N" help:"Most events in one request."`
	IDs         bool     `name:"ids" help:"Print the id of every accepted event, one a line, instead of the counts."`
}

// Help is the long help.
func (*sendCmd) Help() string {
	return `Every event that is counted as accepted has been written durably by the hub. A busy hub is waited for; a request
whose answer was lost is repeated safely. Exit code 1 means that at least one event was refused or not sent.

The hub and the key are best given by TOCSIN_SERVER and TOCSIN_KEY, or by a profile.

Examples:

    # One event by hand
    echo '{"type":"alert.created","severity":"high","title":"Hello"}' | tocsin send -

    # A sample of a type, to try an integration out
    tocsin send --sample alert.created --sample incident.created

    # A file of alerts as Falco writes them
    tocsin send --source falco falco-events.json

    # A CloudEvents batch, sent as it is
    tocsin send --content-type application/cloudevents-batch+json events.json`
}

var sourceName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,39}$`)

// maxBatch bounds --batch.
const maxBatch = 10_000

// path is where the dialect is taken in.
func (c *sendCmd) path() (string, error) {
	switch {
	case c.Source == nativeSource:
		return nativePath, nil
	case sourceName.MatchString(c.Source):
		return "/api/v1/ingest/" + c.Source, nil
	}
	return "", usagef("%q is not the name of a source", c.Source)
}

// nativeSource is Tocsin's own envelope, and nativePath where it is taken in.
const (
	nativeSource = "events"
	nativePath   = "/api/v1/events"
)

// Run sends everything and reports.
func (c *sendCmd) Run(ctx context.Context, p *Process) error {
	if len(c.Files) == 0 && len(c.Sample) == 0 {
		return usagef("nothing to send: name a file, \"-\" for standard input, or --sample TYPE")
	}
	if c.Batch < 1 || c.Batch > maxBatch {
		return usagef("--batch must be from 1 to %d", maxBatch)
	}
	path, err := c.path()
	if err != nil {
		return err
	}
	samples, err := samplesOf(c.Sample)
	if err != nil {
		return err
	}
	hub, err := c.connect(p)
	if err != nil {
		return err
	}
	defer hub.Close()
	s := &sending{process: p, hub: hub, ids: c.IDs, run: rand.Text()}
	return s.report(c.feed(ctx, p, s, path, samples))
}

// feed sends the samples and then the files.
func (c *sendCmd) feed(ctx context.Context, p *Process, s *sending, path string, samples []value) error {
	for _, v := range samples {
		if err := s.add(ctx, nativePath, c.Batch, v); err != nil {
			return err
		}
	}
	for _, name := range c.Files {
		var err error
		if c.ContentType != "" {
			err = s.whole(ctx, path, name, c.ContentType)
		} else {
			err = p.eachValue(name, func(v value) error { return s.add(ctx, path, c.Batch, v) })
		}
		if err != nil {
			return errors.Join(err, s.flush(ctx)) // what stood before a syntax error goes out all the same
		}
	}
	return s.flush(ctx)
}

// droppedText says how many mapping rules dropped, where any were.
func (s *sending) droppedText() string {
	if s.dropped == 0 {
		return ""
	}
	return fmt.Sprintf(", dropped by mapping rules %d", s.dropped)
}

// report prints the outcome. Its error is what makes the exit code.
func (s *sending) report(err error) error {
	if !s.ids && s.accepted+s.rejected+s.dropped > 0 {
		s.process.say("accepted %d, rejected %d%s\n", s.accepted, s.rejected, s.droppedText())
	}
	switch {
	case err != nil:
		return err
	case s.rejected > 0:
		return fmt.Errorf("%d of %d events were refused", s.rejected, s.accepted+s.rejected)
	}
	return nil
}
