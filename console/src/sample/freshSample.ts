import type { Schemas } from '@/api/client'

/** SampleEvent is an event as the API takes it in. */
export type SampleEvent = { type: string } & Record<string, unknown>

/**
 * freshSample is the catalogue's sample of an event type as if it happened now. Its sender's id is its own, so that a sample
 * that is sent twice is not taken for a repetition.
 */
export function freshSample(eventType: Schemas['EventType'], now: Date): SampleEvent {
  const { source, ...rest } = eventType.sample
  const known = typeof source === 'object' && source !== null ? source : {}
  return {
    ...rest,
    type: eventType.name,
    time: now.toISOString(),
    source: { ...known, id: `sample-${now.getTime().toString(36)}` },
  }
}
