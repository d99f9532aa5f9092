package audit

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Checkpoint says how far the record went at some moment. Kept where nobody who can write the record can write, it
// proves later that nothing up to Seq was changed, removed or written anew.
type Checkpoint struct {
	Installation string    `json:"installation"` // 32 hexadecimal digits
	Seq          uint64    `json:"seq"`          // of the last entry; 0 in an empty record
	Hash         string    `json:"hash"`         // of that entry, 64 hexadecimal digits
	At           time.Time `json:"at"`           // when the checkpoint was made, to the second
}

// checkpointMagic begins a checkpoint's text.
const checkpointMagic = "tocsin-audit-checkpoint v1"

// maxCheckpoint is the longest text of a checkpoint, in bytes.
const maxCheckpoint = 512

// String is the checkpoint on one line, as people keep it.
func (c Checkpoint) String() string {
	return fmt.Sprintf("%s installation=%s seq=%d hash=%s at=%s", checkpointMagic, c.Installation, c.Seq, c.Hash,
		c.At.UTC().Format(time.RFC3339))
}

// errCheckpoint is what every text gets that is none.
var errCheckpoint = errors.New("not a checkpoint: it looks like \"" + checkpointMagic +
	" installation=… seq=… hash=… at=…\", on one line")

// ParseCheckpoint reads what String wrote, with white space around it.
func ParseCheckpoint(text string) (Checkpoint, error) {
	text = strings.TrimSpace(text)
	rest, ok := strings.CutPrefix(text, checkpointMagic+" ")
	parts := strings.Split(rest, " ")
	if !ok || len(text) > maxCheckpoint || len(parts) != 4 {
		return Checkpoint{}, errCheckpoint
	}
	var values [4]string
	for i, name := range []string{"installation=", "seq=", "hash=", "at="} {
		if values[i], ok = strings.CutPrefix(parts[i], name); !ok {
			return Checkpoint{}, fmt.Errorf("%w: %s is missing", errCheckpoint, name)
		}
	}
	seq, err := strconv.ParseUint(values[1], 10, 63)
	at, timeErr := time.Parse(time.RFC3339, values[3])
	c := Checkpoint{Installation: values[0], Seq: seq, Hash: values[2], At: at}
	if err != nil || timeErr != nil || !c.valid() || c.String() != text {
		return Checkpoint{}, errCheckpoint
	}
	return c, nil
}

// valid says whether the checkpoint's texts are of the right form.
func (c Checkpoint) valid() bool {
	return isHex(c.Installation, 16) && isHex(c.Hash, 32) && c.Seq < 1<<63
}

// isHex says whether text is n bytes in lower case hexadecimal digits.
func isHex(text string, n int) bool {
	b, err := hex.DecodeString(text)
	return err == nil && len(b) == n && hex.EncodeToString(b) == text
}

// Checkpoint gives the record's end as it is stored now.
func (l *Log) Checkpoint(ctx context.Context) (Checkpoint, error) {
	head, err := l.deps.Store.AuditHead(ctx)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("reading the end of the audit record: %w", err)
	}
	if head.Seq == 0 {
		head.Hash = genesis(l.id)
	}
	return Checkpoint{
		Installation: l.Installation(), Seq: head.Seq, Hash: hex.EncodeToString(head.Hash[:]),
		At: l.deps.Now().UTC().Truncate(time.Second),
	}, nil
}
