package connector

import (
	"time"

	"github.com/tocsin-hub/tocsin/internal/form"
)

// Batch is the "batch" part of a batch connector's settings. The integration's delivery policy may narrow it.
type Batch struct {
	MaxEvents int
	MaxBytes  form.Size
	MaxWait   time.Duration
}

// BatchWaiter is implemented by a batch instance that wants batches to be filled under load.
type BatchWaiter interface {
	// BatchWait is the least time between two batches that are not full; an event after a quiet time goes at once.
	BatchWait() time.Duration
}

// Pipeliner is implemented by a batch instance whose SendBatch waits long for its answer, so that several batches must be
// on their way at once.
type Pipeliner interface {
	// BatchesInFlight is the most batches on their way; 0 leaves the hub's default. While a lane must keep order, or its
	// last batch failed, it sends one at a time all the same.
	BatchesInFlight() int
}

// Fields declares the object "batch" with b's present values as the defaults.
func (b *Batch) Fields(f *form.Set) {
	f.Object("batch", &batchForm{Batch: b, def: *b}, "Batches", form.Advanced(),
		form.Help("How many events go in one request; whichever limit is reached first closes the batch."))
}

type batchForm struct {
	*Batch
	def Batch
}

// Form declares the fields of "batch".
func (b *batchForm) Form(f *form.Set) {
	f.Int("max_events", &b.MaxEvents, "Most events", form.Default(b.def.MaxEvents), form.Min(1), form.Max(MaxBatchEvents))
	f.Size("max_bytes", &b.MaxBytes, "Most bytes", form.Default(b.def.MaxBytes), form.Min(form.KiB),
		form.Max(form.Size(MaxBatchBytes)), form.Help("Before compression. A larger event goes alone."))
	f.Duration("max_wait", &b.MaxWait, "Longest wait", form.Default(b.def.MaxWait), form.Max(MaxBatchWait),
		form.Help("The least time between two batches that are not full. An event after a quiet time goes at once."))
}
