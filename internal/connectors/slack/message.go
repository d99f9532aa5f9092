package slack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tocsin-hub/tocsin/internal/event"
	"github.com/tocsin-hub/tocsin/internal/event/card"
)

// look makes messages of cards. It is pure.
type look struct {
	settings *Settings
	account  event.Account // whose alerts the buttons may change
}

// content is what a message says.
type content struct {
	Text   string  `json:"text"`
	Blocks []block `json:"blocks"`
}

// shrinks are the parts, in hundredths, to which texts and lists are cut until a message is small enough.
var shrinks = [...]int{100, 75, 50, 35, 25, 15, 8, 4}

// message is the content for a card. Fresh says that it is to be posted, so that it may call people. Own says that the card's
// alert or incident belongs to the integration's own account.
func (l *look) message(c *card.Card, fresh, own bool) (content, error) {
	for _, percent := range shrinks {
		m := l.sized(c, percent, fresh, own)
		raw, err := json.Marshal(m.Blocks)
		if err != nil {
			return content{}, fmt.Errorf("writing the blocks: %w", err)
		}
		if len(raw) <= maxBlockBytes && len(m.Blocks) <= maxBlocks {
			return m, nil
		}
	}
	return content{}, fmt.Errorf("the message does not fit in %d bytes", maxBlockBytes)
}

func (l *look) sized(c *card.Card, percent int, fresh, own bool) content {
	b := builder{look: l, card: c, percent: percent}
	b.head()
	b.change()
	if fresh && l.settings.mentions(c.Severity) {
		b.call()
	}
	show := &l.settings.Show
	b.prose(show.Description, "", c.Description, maxSection-100)
	b.details()
	b.entities()
	b.prose(show.Hosts, "Affected hosts", b.list(c.Hosts, ", "), 600)
	b.attack()
	b.prose(show.Advice, "Recommended action", b.list(c.Advice, "\n"), 1500)
	b.runbook()
	if buttons := l.buttons(c, own); len(buttons) > 0 {
		b.add(block{Type: "actions", Elements: buttons})
	}
	b.footer()
	return content{Text: l.notification(c), Blocks: b.blocks}
}

// notification is the text that stands for the message where blocks are not shown.
func (l *look) notification(c *card.Card) string {
	words := severityWord(c.Severity)
	if c.State.Status != "" && !c.State.Fresh() {
		words += ", " + strings.ToLower(statusWord(c.State.Status))
	}
	title := c.Title
	if c.Subject == card.Incident && !strings.Contains(title, c.Ref) {
		title = c.Ref + ": " + title
	}
	return escape(clip(l.emoji(c)+"["+words+"] "+title, maxText))
}

// emoji is what stands before the title, with its blank.
func (l *look) emoji(c *card.Card) string {
	mark := l.settings.Emoji.Of(c.Severity)
	if c.State.Done() {
		mark = "✅"
	}
	if mark == "" {
		return ""
	}
	return mark + " "
}

// builder puts blocks together.
type builder struct {
	*look
	card    *card.Card
	percent int
	blocks  []block
}

func (b *builder) add(x block) { b.blocks = append(b.blocks, x) }

// cut is a limit at the present size.
func (b *builder) cut(limit int) int { return max(limit*b.percent/100, 20) }

// head is the title: in large letters as far as Slack allows, and whole below if that is not enough.
func (b *builder) head() {
	title := b.card.Title
	if b.card.Subject == card.Incident && !strings.Contains(title, b.card.Ref) {
		title = b.card.Ref + ": " + title
	}
	whole := b.emoji(b.card) + title
	t := plain(whole, maxHeader)
	b.add(block{Type: "header", Text: &t})
	if t.Text != whole {
		b.add(section(plain(title, b.cut(maxSection))))
	}
}

// change says what was done last, by whom and when.
func (b *builder) change() {
	if words := changeLine(b.card); words != "" {
		b.add(section(plain(words, b.cut(1200))))
	}
}

// call mentions those that the settings name. Their ids have been checked.
func (b *builder) call() {
	var list []string
	for _, id := range b.settings.Mention {
		if id[0] == 'S' {
			list = append(list, "<!subteam^"+id+">")
			continue
		}
		list = append(list, "<@"+id+">")
	}
	b.add(section(markup(strings.Join(list, " "))))
}

// prose is a text under a heading.
func (b *builder) prose(wanted bool, heading, words string, limit int) {
	if !wanted || words == "" {
		return
	}
	if heading != "" {
		words = heading + "\n" + words
	}
	b.add(section(plain(words, b.cut(limit))))
}

// list joins texts, and says how many were left out.
func (b *builder) list(texts []string, by string) string {
	most := max(len(texts)*b.percent/100, 1)
	if len(texts) <= most {
		return strings.Join(texts, by)
	}
	return strings.Join(texts[:most], by) + fmt.Sprintf("%s… and %d more", by, len(texts)-most)
}

// details are pairs of name and value, five pairs a section.
func (b *builder) details() {
	c := b.card
	pairs := [][2]string{{"Severity", severityWord(c.Severity)}, {"Status", statusWord(c.State.Status)}}
	if b.settings.Show.Details {
		pairs = append(pairs, details(c)...)
	}
	pairs = slices.DeleteFunc(pairs, func(p [2]string) bool { return p[1] == "" })
	for part := range slices.Chunk(pairs, maxFields/2) {
		x := block{Type: "section"}
		for _, p := range part {
			x.Fields = append(x.Fields, markup("*"+p[0]+"*"), plain(p[1], b.cut(300)))
		}
		b.add(x)
	}
}

func details(c *card.Card) [][2]string {
	s := &c.State
	pairs := [][2]string{
		{"Risk score", risk(c.Risk)}, {"Assigned to", s.Assignee}, {"Case", c.Case}, {"Project", c.Project},
		{"Alert type", c.AlertType}, {"Rule", c.Rule}, {"Actor", c.Actor}, {"Location", c.Place}, {"Network", c.Network},
		{"Endpoint", c.Endpoint}, {"Source", c.Source}, {"Closed as", s.Reason},
	}
	if b := c.Block; b != nil {
		pairs = append(pairs, [2]string{"Target", b.Target}, [2]string{"Reason", b.Reason}, [2]string{"Asked for by", b.By},
			[2]string{"Lasts", b.TTL}, [2]string{"Because of", b.Because})
		if s.Status == card.BlockPending {
			pairs = append(pairs, [2]string{"Needs approval", b.Waits}, [2]string{"Approve by", approveBy(b)})
		}
	}
	if s.Alerts > 0 {
		pairs = append(pairs, [2]string{"Alerts", strconv.Itoa(s.Alerts)})
	}
	if s.Count > 1 {
		pairs = append(pairs, [2]string{"Seen", fmt.Sprintf("%d times, last %s", s.Count, stamp(s.LastSeen))})
	}
	return pairs
}

// approveBy is until when a block can be approved; empty if that is not known.
func approveBy(b *card.BlockInfo) string {
	t, err := time.Parse(time.RFC3339, b.ApproveBy)
	if err != nil {
		return ""
	}
	return stamp(t)
}

func risk(score *float64) string {
	if score == nil {
		return ""
	}
	return strconv.FormatFloat(*score, 'f', -1, 64) + " of 100"
}

// entities are one a line, and say which of them a sensor saw itself.
func (b *builder) entities() {
	var lines []string
	for _, e := range b.card.Entities {
		line := "• " + e.Type + " " + e.Value
		if e.Role != "" {
			line += " (" + e.Role + ")"
		}
		if e.Observed {
			line += " – observed"
		}
		lines = append(lines, line)
	}
	b.prose(b.settings.Show.Entities, "Entities", b.list(lines, "\n"), 2000)
}

func (b *builder) attack() {
	c := b.card
	lines := []string{b.list(c.Mitre, ", ")}
	if c.KillChain != "" {
		lines = append(lines, "Kill chain: "+c.KillChain)
	}
	b.prose(b.settings.Show.Attack, "ATT&CK", strings.TrimSpace(strings.Join(lines, "\n")), 600)
}

// runbook is the prompt: what to do step by step, and who answers for it. Its address is a button.
func (b *builder) runbook() {
	r := b.card.Runbook
	if r == nil {
		return
	}
	var lines []string
	if r.Owner != "" {
		lines = append(lines, "Owner: "+r.Owner)
	}
	for i, step := range r.Steps {
		lines = append(lines, strconv.Itoa(i+1)+". "+step)
	}
	heading := strings.TrimSpace("Runbook " + r.Name)
	if len(lines) == 0 {
		lines, heading = []string{heading}, ""
	}
	b.prose(b.settings.Show.Runbook, heading, b.list(lines, "\n"), 1800)
}

func (b *builder) footer() {
	c := b.card
	if !b.settings.Show.Footer {
		return
	}
	words := []string{c.Type, stamp(c.Time), c.Event}
	if c.TLP != "" {
		words = append(words, "TLP "+c.TLP)
	}
	if len(c.Tags) > 0 {
		words = append(words, "tags: "+b.list(c.Tags, ", "))
	}
	b.add(block{Type: "context", Elements: []any{plain(strings.Join(words, " · "), b.cut(600))}})
}

// stamp is a time for people who may sit anywhere.
func stamp(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }

func severityWord(s event.Severity) string {
	name := s.String()
	return strings.ToUpper(name[:1]) + name[1:]
}
