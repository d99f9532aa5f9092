import { api, type Schemas } from '@/api/client'
import { hubNow } from '@/clock/hub'
import { freshSample } from './freshSample'

/** sendSample sends the catalogue's sample of an event type, and gives the id that the hub gave it. */
export async function sendSample(eventType: Schemas['EventType']): Promise<string> {
  const { data } = await api.POST('/api/v1/events', { body: freshSample(eventType, new Date(hubNow())) })
  const [id] = data?.ids ?? []
  if (id) return id
  if (data?.dropped) throw new Error('A mapping rule of this account dropped the sample: it went nowhere.')
  throw new Error(data?.rejected?.[0]?.error ?? 'The hub did not take the sample.')
}
