package email

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/connector"
)

// One bad recipient must not make the others get a mail again at each attempt. So when a server takes a message for some
// recipients and not for others, who got it is remembered, and the next attempt names the others alone. The delivery as a
// whole is not done: it is tried again, or ends in the mailbox if the rest was refused for good, where its cause names who
// was refused. Whether somebody replays it from there or not, nobody gets it twice.

// keepGot is longer than a delivery is tried and then kept in the mailbox.
const keepGot = 45 * 24 * time.Hour

// recipients is a set of those who have got a mail, as short hashes: 300 addresses would be more than State takes.
type recipients map[string]bool

func mark(address string) string {
	h := sha256.Sum256([]byte(strings.ToLower(address)))
	return hex.EncodeToString(h[:8])
}

// missing are those of the addresses that have not got it.
func (r recipients) missing(addresses []string) []string {
	var list []string
	for _, a := range addresses {
		if !r[mark(a)] {
			list = append(list, a)
		}
	}
	return list
}

// add adds the addresses that were not refused.
func (r recipients) add(to []string, list []refusal) {
	no := map[string]bool{}
	for _, x := range list {
		no[x.address] = true
	}
	for _, a := range to {
		if !no[a] {
			r[mark(a)] = true
		}
	}
}

func gotKey(key string) string { return "got/" + token(key) }

// recall gives who has got all of the deliveries.
func (c *Connector) recall(ctx context.Context, keys []string) (recipients, error) {
	all := recipients{}
	if c.state == nil {
		return all, nil
	}
	for i, key := range keys {
		raw, err := c.state.Get(ctx, gotKey(key))
		switch {
		case errors.Is(err, connector.ErrNoState):
			return recipients{}, nil // nobody has got this one
		case err != nil:
			return nil, err
		}
		var list []string
		if err := json.Unmarshal(raw, &list); err != nil {
			return recipients{}, nil //nolint:nilerr // what cannot be read is as good as not there: they get it again
		}
		these := recipients{}
		for _, m := range list {
			if i == 0 || all[m] {
				these[m] = true
			}
		}
		all = these
	}
	return all, nil
}

// remember keeps who has got the deliveries. A failure of it means that they may get them again.
func (c *Connector) remember(ctx context.Context, keys []string, got recipients) {
	if c.state == nil {
		return
	}
	list := make([]string, 0, len(got))
	for m := range got {
		list = append(list, m)
	}
	raw, err := json.Marshal(list)
	for _, key := range keys {
		if err == nil {
			// The mail is out: that is remembered even if nobody waits for it any more.
			err = c.state.Put(context.WithoutCancel(ctx), gotKey(key), raw, keepGot)
		}
	}
	if err != nil {
		c.log.Warn("who got a mail is not remembered: they may get it again", slog.Any("error", err))
	}
}

// forget drops what was remembered for a mail that everybody has.
func (c *Connector) forget(ctx context.Context, keys []string, got recipients) {
	if c.state == nil || len(got) == 0 {
		return
	}
	for _, key := range keys {
		if err := c.state.Delete(context.WithoutCancel(ctx), gotKey(key)); err != nil {
			c.log.Debug("who got a mail stays remembered", slog.Any("error", err))
		}
	}
}
