package torture

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
)

// dataStart is where the events of the load begin their data.
var dataStart = []byte(`"data":{`)

// spiceEvery and largestEvery are how often an event carries a hostile text, and how often it is as large as may be.
const (
	spiceEvery   = 3
	largestEvery = 400
)

// longestText keeps a single string below the hub's ingest.max_string_bytes, in bytes.
const longestText = 200 << 10

// spice puts a hostile text into an event, or makes it as large as it may be.
func (p plan) spice(b []byte, n uint32) []byte {
	switch i := n / workers; {
	case p.largest > 0 && i%largestEvery == largestEvery-1:
		return p.fatten(b, n)
	case i%spiceEvery == 0:
		return insertData(b, "spice", p.hostile[int(i/spiceEvery)%len(p.hostile)])
	}
	return b
}

// fatten fills an event up to the largest size, with several strings because each is bounded as well. They do not compress
// well: the hub refuses what grows too much by decompression.
func (p plan) fatten(b []byte, n uint32) []byte {
	r := rand.New(rand.NewPCG(p.seed, uint64(n)))
	for i := 0; ; i++ {
		name := "fat" + string(rune('a'+i))
		room := p.largest - len(b) - len(`"":"",`) - len(name)
		if room <= 0 {
			return b
		}
		b = insertData(b, name, letters(r, min(room, longestText)))
	}
}

// letters is a text of that many bytes that says nothing.
func letters(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(r.IntN(26))
	}
	return string(b)
}

// insertData puts a member in front of an event's data.
func insertData(b []byte, name, text string) []byte {
	value, err := json.Marshal(text)
	if err != nil {
		panic("torture: a string that is no JSON: " + err.Error()) // there is none
	}
	member := append(append([]byte(nil), dataStart...), `"`+name+`":`...)
	member = append(append(member, value...), ',')
	return bytes.Replace(b, dataStart, member, 1)
}
