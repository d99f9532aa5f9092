package wire

import (
	"context"
	"fmt"
	"net"
	"time"
)

// Client is one keep-alive connection to a server. It is used by one goroutine at a time.
type Client struct {
	conn   net.Conn
	stream stream
	answer Message
}

// Dial connects to addr (host:port).
func Dial(ctx context.Context, addr string) (*Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", addr, err)
	}
	return &Client{conn: conn, stream: stream{src: conn}}, nil
}

// Do sends a whole request and gives the final answer, which is good until the next Do. After an error the connection
// is of no use any more; whether the server saw the request is then unknown. A timeout of 0 waits for ever.
func (c *Client) Do(request []byte, timeout time.Duration) (*Message, error) {
	if timeout > 0 {
		if err := c.conn.SetDeadline(time.Now().Add(timeout)); err != nil {
			return nil, fmt.Errorf("setting the deadline: %w", err)
		}
	}
	if _, err := c.conn.Write(request); err != nil {
		return nil, fmt.Errorf("sending the request: %w", err)
	}
	for {
		if err := c.stream.next(Answer, &c.answer); err != nil {
			return nil, fmt.Errorf("reading the answer: %w", err)
		}
		if c.answer.Status() >= 200 {
			return &c.answer, nil
		}
	}
}

// Close ends the connection.
func (c *Client) Close() { _ = c.conn.Close() }
