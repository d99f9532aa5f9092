package torture

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/failpoint"
	"github.com/tocsin-hub/tocsin/internal/harness"
)

// dnsFault lets the name server fail, be slow, and point the receivers' names to addresses that the hub must not reach.
func dnsFault() Fault {
	return Fault{
		Name: "dns", What: "failing, missing, slow and garbled name look-ups; names that flip to private addresses", Long: 40, Short: 1,
		run: runDNS,
	}
}

// forbidden is an address that the operator has not allowed, and where somebody listens.
const forbidden = "127.0.0.2"

func dnsAnswers() []answerTo {
	return []answerTo{
		{name: "server failure", code: codeServ}, {name: "no such name", code: codeNoName}, {name: "refused", code: codeRefused},
		{name: "silent", never: true}, {name: "slow", after: 300 * time.Millisecond}, {name: "too slow", after: 3 * time.Second},
		{name: "noise", noise: true}, {name: "another question's", alien: true}, {name: "no address", four: []string{}},
		{name: "forbidden", four: []string{forbidden}}, {name: "forbidden first", four: []string{forbidden, "127.0.0.1"}},
		{name: "forbidden second", four: []string{"127.0.0.1", forbidden}},
		{name: "private", four: []string{"10.0.0.1", "192.168.0.1", "100.64.0.1"}},
		{name: "metadata", four: []string{"169.254.169.254"}, six: []string{"fd00:ec2::254"}},
		{name: "disguised", four: []string{}, six: []string{"::ffff:" + forbidden, "64:ff9b::7f00:2", "::1"}},
		{name: "flood", four: strings.Fields(strings.Repeat("10.9.8.7 ", 25))},
	}
}

func runDNS(ctx context.Context, b *Bench, row *Row, rounds int) error {
	names, err := newNameServer(ctx)
	if err != nil {
		return err
	}
	defer names.close()
	var traps []*trap
	defer func() {
		for _, t := range traps {
			t.close()
		}
	}()
	s := stand{
		// A later variable wins: only the receivers' own address is allowed.
		env: []string{failpoint.EnvDNS + "=" + names.addr, "TOCSIN_EGRESS_ALLOW=127.0.0.1/32"},
		shape: func(i int, addr string, in *harness.Integration) {
			_, port, err := net.SplitHostPort(addr)
			if err != nil {
				panic("torture: a listener's address: " + err.Error())
			}
			for _, field := range []string{"url"} {
				old, _ := in.Settings[field].(string)
				in.Settings[field] = strings.Replace(old, addr, fmt.Sprintf("lane%d%s:%s", i, strings.TrimSuffix(zone, "."), port), 1)
			}
		},
	}
	answers := dnsAnswers()
	err = b.on(ctx, row, s, rounds, func(ctx context.Context, t *torture, number int) error {
		if number == 0 {
			for _, r := range t.receivers {
				_, port, _ := net.SplitHostPort(r.addr)
				trap, err := newTrap(ctx, net.JoinHostPort(forbidden, port))
				if err != nil {
					return err
				}
				traps = append(traps, trap)
			}
		}
		for _, r := range t.receivers {
			if err := r.set(ctx, moodClosing); err != nil { // so that each request looks the name up
				return err
			}
		}
		t.load.resume()
		sleep(ctx, mannerTime/2)
		for range 4 {
			names.say(answers[t.rng.IntN(len(answers))])
			sleep(ctx, mannerTime)
		}
		names.say(answerTo{})
		return t.account(ctx)
	})
	for _, t := range traps {
		if n := t.caught.Load(); n > 0 {
			row.violate("forbidden address", "%d connections to %s", n, t.addr)
		}
	}
	names.mu.Lock()
	defer names.mu.Unlock()
	if names.asked == 0 && err == nil {
		row.violate("not tried", "the hub asked another name server")
	}
	row.note("%d questions asked", names.asked)
	return err
}
