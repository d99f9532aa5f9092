package demo

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// stateFile lies in the data directory, beside what it belongs to.
const stateFile = "demo.json"

// State is what a second run of the demo needs of the first.
type State struct {
	// Key is the hub's API key that the demo uses; empty before the first run has one.
	Key           string `json:"key"`
	SigningSecret string `json:"signing_secret"`
	HECToken      string `json:"hec_token"`
	WebhookPort   int    `json:"webhook_port"`
	HECPort       int    `json:"hec_port"`
	FirewallPort  int    `json:"firewall_port"`
	DeskPort      int    `json:"desk_port"`

	path string
}

// LoadState reads the state of a data directory, and makes both if there is none.
func LoadState(dir string) (*State, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	s := &State{path: filepath.Join(dir, stateFile)}
	raw, err := os.ReadFile(s.path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		s.SigningSecret, s.HECToken = rand.Text(), rand.Text()
		return s, s.Save()
	case err != nil:
		return nil, fmt.Errorf("reading the demo's state: %w", err)
	}
	if err := json.Unmarshal(raw, s); err != nil || s.SigningSecret == "" || s.HECToken == "" {
		return nil, fmt.Errorf("%s is not what the demo wrote: remove it and start again", s.path)
	}
	return s, nil
}

// Save writes the state, for its owner's eyes only.
func (s *State) Save() error {
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding the demo's state: %w", err)
	}
	if err := os.WriteFile(s.path, append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("keeping the demo's state: %w", err)
	}
	return nil
}
