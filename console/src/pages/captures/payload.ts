import type { Schemas } from '@/api/client'
import { bytes } from '@/text/number'

type Capture = Schemas['Capture']

/** textIn is a text of a payload by its name, if the payload is an object that has one. */
function textIn({ payload }: Capture, name: string): string | undefined {
  if (typeof payload !== 'object' || payload === null) return undefined
  const value: unknown = (payload as Record<string, unknown>)[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** titleOf names a payload by its title, or by the type of its event. */
export const titleOf = (capture: Capture): string => textIn(capture, 'title') ?? capture.type

/** severityOf is the payload's severity, if it says one. */
export const severityOf = (capture: Capture): string | undefined => textIn(capture, 'severity')

/** sizeOf is how large the payload is on the wire, without blanks between its parts. */
export const sizeOf = ({ payload }: Capture): string =>
  bytes(new TextEncoder().encode(JSON.stringify(payload) ?? '').length)
