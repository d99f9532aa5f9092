package announce

import (
	"bytes"
	"log/slog"
	"sync"
)

// testLog collects log lines.
type testLog struct {
	logger *slog.Logger
	mu     sync.Mutex
	buf    bytes.Buffer
}

func newTestLog() *testLog {
	l := new(testLog)
	l.logger = slog.New(slog.NewTextHandler(l, nil))
	return l
}

func (l *testLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *testLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
