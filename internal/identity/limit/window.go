package limit

// slots is how many parts a window has. One more is counted: the part that the window has not left yet.
const slots = 60

// window counts the last slots+1 slots.
type window struct {
	at     int64 // the number of the newest slot
	oldest int64 // no slot before it holds anything; only of use while sum is not 0
	sum    uint32
	counts [slots + 1]uint32 // by number modulo its length
}

func (w *window) slot(number int64) *uint32 { return &w.counts[uint64(number)%uint64(len(w.counts))] }

// advance forgets the slots that the window has left and gives the slot to count in. A clock that was set back stands
// still for the window until it has caught up; if that would take longer than a window, all that is counted begins to
// count from now on. Nothing is forgotten sooner than it should.
func (w *window) advance(at int64) int64 {
	switch {
	case at == w.at:
	case at < w.at-slots:
		sum := w.sum
		w.counts, w.at, w.oldest = [slots + 1]uint32{}, at, at
		*w.slot(at) = sum
	case at < w.at:
	case w.sum == 0:
		w.at, w.oldest = at, at
	case at > w.at+slots:
		*w = window{at: at, oldest: at}
	default:
		for w.at < at {
			w.at++
			left := w.slot(w.at)
			w.sum -= *left
			*left = 0
		}
	}
	return w.at
}

// take counts n in the newest slot if the sum stays within limit.
func (w *window) take(at int64, n, limit uint32) bool {
	if n > limit || w.sum > limit-n {
		return false
	}
	w.sum += n
	*w.slot(at) += n
	return true
}

// giveBack takes up to n off what was counted last.
func (w *window) giveBack(n uint32) {
	n = min(n, w.sum)
	w.sum -= n
	for number := w.at; n > 0; number-- {
		c := w.slot(number)
		part := min(*c, n)
		*c -= part
		n -= part
	}
}

// frees gives the number of the slot at whose beginning at least n of what is counted is forgotten: 0 when less is
// counted, or n is not above 0.
func (w *window) frees(n int64) int64 {
	if n <= 0 || int64(w.sum) < n {
		return 0
	}
	w.oldest = max(w.oldest, w.at-slots)
	for *w.slot(w.oldest) == 0 {
		w.oldest++
	}
	number := w.oldest
	for ; ; number++ {
		if n -= int64(*w.slot(number)); n <= 0 {
			return number + slots + 1
		}
	}
}
