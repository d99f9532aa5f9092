package event

// DeliveryID is the id of an event's delivery to an integration, the same for ever: the event's time and sequence, and a
// hash of both.
func DeliveryID(ev, integration ID) ID {
	id := ev
	const prime = 1099511628211 // FNV-1a, 64 bit: spreading, not secrecy, is what is wanted
	h := uint64(14695981039346656037)
	for _, part := range [...]ID{ev, integration} {
		for _, b := range part {
			h = (h ^ uint64(b)) * prime
		}
	}
	for i := range 8 {
		id[8+i] = byte(h >> (56 - 8*i))
	}
	id[8] = id[8]&0x3f | 0x80
	return id
}
