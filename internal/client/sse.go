package client

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// maxMessage bounds one message of a stream (8 MiB; an event is at most half a mebibyte).
const maxMessage = 8 << 20

// Message is one server-sent event.
type Message struct {
	Name string // of the event: event, delivery, mailbox, lost, end
	Data []byte
}

// errMessageTooLong: a message is longer than maxMessage.
var errMessageTooLong = errors.New("a message of the stream is too long")

// sseReader takes a stream of server-sent events apart (https://html.spec.whatwg.org/multipage/server-sent-events.html).
type sseReader struct {
	r *bufio.Reader
	// id is the last id that came, with or without a message: where to go on.
	id string
}

func newSSEReader(r io.Reader) *sseReader { return &sseReader{r: bufio.NewReaderSize(r, 64<<10)} }

// next gives the next message that has data. Comments, and fields that it does not know, are passed over. What stands
// before the end of the stream without an empty line behind it is no message.
func (s *sseReader) next() (Message, error) {
	var m Message
	has, id := false, s.id
	for {
		line, err := s.line(maxMessage - len(m.Data))
		if err != nil {
			return Message{}, err
		}
		if line == "" {
			s.id = id
			if has {
				return m, nil
			}
			m = Message{}
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "event":
			m.Name = value
		case "id":
			if !strings.ContainsRune(value, 0) {
				id = value
			}
		case "data":
			if has {
				m.Data = append(m.Data, '\n')
			}
			m.Data, has = append(m.Data, value...), true
		}
	}
}

// line reads a line without its end, which is \n or \r\n.
func (s *sseReader) line(most int) (string, error) {
	var long []byte
	for {
		part, err := s.r.ReadSlice('\n')
		if len(long)+len(part) > most {
			return "", errMessageTooLong
		}
		switch {
		case err == nil:
			return string(bytes.TrimRight(append(long, part...), "\r\n")), nil
		case errors.Is(err, bufio.ErrBufferFull):
			long = append(long, part...)
		case errors.Is(err, io.EOF):
			return "", io.ErrUnexpectedEOF
		default:
			return "", fmt.Errorf("reading the stream: %w", err)
		}
	}
}
