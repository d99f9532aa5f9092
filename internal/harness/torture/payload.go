package torture

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// eventID is an event's id as text: evt_ and 26 characters.
type eventID [30]byte

func (id eventID) String() string { return string(id[:]) }

func parseEventID(text string) (eventID, error) {
	var id eventID
	if len(text) != len(id) || text[:4] != "evt_" {
		return id, fmt.Errorf("%.60q is not an event's id", text)
	}
	copy(id[:], text)
	return id, nil
}

// arrived is one event as a receiver got it.
type arrived struct {
	json []byte // the hub's envelope
	key  string // the delivery's key; empty where the format has none for single events
}

// idPrefix is how the hub's canonical JSON begins.
const idPrefix = `{"id":"`

// compare checks that got, the hub's envelope, is sent with nothing but id, account and received_at added, and gives the
// id. The hub usually passes the bytes on, which is quick to see; any other spelling of the same JSON will do too.
func compare(sent, got []byte) (eventID, error) {
	const idEnd = len(idPrefix) + len(eventID{})
	if len(got) > idEnd && string(got[:len(idPrefix)]) == idPrefix && got[idEnd] == '"' && addsOnly(sent, got) {
		return parseEventID(string(got[len(idPrefix):idEnd]))
	}
	var was, is map[string]any
	if err := decode(sent, &was); err != nil {
		return eventID{}, fmt.Errorf("the load's own event: %w", err)
	}
	if err := decode(got, &is); err != nil {
		return eventID{}, fmt.Errorf("the payload is not JSON: %w", err)
	}
	text, _ := is["id"].(string)
	id, err := parseEventID(text)
	if err != nil {
		return id, err
	}
	for _, added := range []string{"id", "account", "received_at"} {
		delete(is, added)
	}
	if !reflect.DeepEqual(was, is) {
		return id, fmt.Errorf("the payload differs from what was sent:\nsent %s\ngot  %s", sent, got)
	}
	return id, nil
}

// addsOnly says whether got is sent behind a head that holds id, account and received_at and nothing else.
func addsOnly(sent, got []byte) bool {
	head, ok := bytes.CutSuffix(got, sent[1:])
	if !ok || len(head) == 0 || head[len(head)-1] != ',' {
		return false
	}
	var added struct {
		ID         string `json:"id"`
		Account    string `json:"account"`
		ReceivedAt string `json:"received_at"`
	}
	d := json.NewDecoder(bytes.NewReader(append(append([]byte(nil), head[:len(head)-1]...), '}')))
	d.DisallowUnknownFields()
	return d.Decode(&added) == nil
}

// decode reads JSON without changing its numbers.
func decode(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more follows")
	}
	return nil
}

// own reads an event that the hub itself made.
func own(got []byte) (id eventID, eventType string, err error) {
	var e struct{ ID, Type string }
	if err := json.Unmarshal(got, &e); err != nil {
		return id, "", fmt.Errorf("the payload is not JSON: %w", err)
	}
	id, err = parseEventID(e.ID)
	return id, e.Type, err
}
