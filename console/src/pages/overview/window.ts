/** windows are how far back the overview can look. */
export const windows = ['1h', '24h', '7d'] as const

export type PulseWindow = (typeof windows)[number]

/** asWindow takes a window out of an address; undefined if it is none. */
export const asWindow = (value: unknown): PulseWindow | undefined => windows.find((each) => each === value)

/** windowNames are the windows in words. */
export const windowNames: Record<PulseWindow, string> = {
  '1h': 'last hour',
  '24h': 'last 24 hours',
  '7d': 'last 7 days',
}
