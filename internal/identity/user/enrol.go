package user

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
	"github.com/tocsin-hub/tocsin/internal/store"
)

func newTOTPSecret(random io.Reader) (form.Secret, error) {
	b := make([]byte, totpBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return form.Secret{}, fmt.Errorf("drawing a secret: %w", err)
	}
	return form.NewSecret(base32Plain.EncodeToString(b)), nil
}

// pendingText is a secret that waits for its first code, with the time it was drawn: what is sealed as fieldNext.
func pendingText(now time.Time, secret form.Secret) form.Secret {
	return form.NewSecret(strconv.FormatInt(now.Unix(), 10) + " " + secret.Reveal())
}

// firstCode checks the first code of a secret that waits for it.
func (s *Service) firstCode(u store.User, code form.Secret) (secret form.Secret, step int64, err error) {
	if len(u.TOTPNext) == 0 {
		return form.Secret{}, 0, ErrNoPending
	}
	pending, err := s.Sealer.Unseal(u.TOTPNext, place(u, fieldNext))
	if err != nil {
		return form.Secret{}, 0, fmt.Errorf("opening the second factor: %w", err)
	}
	drawn, text, _ := strings.Cut(pending.Reveal(), " ")
	at, err := strconv.ParseInt(drawn, 10, 64)
	if err != nil {
		return form.Secret{}, 0, errors.New("opening the second factor: its time is no number")
	}
	if age := s.now().Sub(time.Unix(at, 0)); age < -pendingFor || age > pendingFor {
		return form.Secret{}, 0, ErrNoPending
	}
	raw, err := base32Plain.DecodeString(text)
	if err != nil {
		return form.Secret{}, 0, errors.New("opening the second factor: it is not base32")
	}
	step, ok := totpCheck(raw, codeText(code.Reveal()), s.now(), 0)
	if !ok {
		return form.Secret{}, 0, ErrCodeWrong
	}
	return form.NewSecret(text), step, nil
}
