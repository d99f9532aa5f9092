import classes from './State.module.css'

/** Tone is what a state means: good, going on, attention, bad, over. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'calm'

const colors: Record<Tone, string> = {
  good: 'var(--tocsin-good)',
  busy: 'var(--tocsin-low)',
  warn: 'var(--tocsin-warn)',
  bad: 'var(--tocsin-bad)',
  calm: 'var(--tocsin-info)',
}

// The words of the API and what they mean. A word that is not here is calm.
const tones: Record<string, Tone> = {
  open: 'warn',
  acknowledged: 'busy',
  resolved: 'calm',
  delivered: 'good',
  waiting: 'busy',
  parked: 'warn',
  behind: 'warn',
  held: 'calm',
  mailbox: 'bad',
  discarded: 'calm',
  expired: 'calm',
  skipped: 'calm',
  attached: 'good',
  catching_up: 'busy',
  paused: 'warn',
  disabled: 'calm',
  queued: 'busy',
  running: 'busy',
  done: 'good',
  failed: 'bad',
  cancelled: 'calm',
  pending: 'warn',
  active: 'good',
  ended: 'calm',
  rejected: 'bad',
  refused: 'bad',
  verified: 'good',
  applied: 'busy',
  wanted: 'busy',
  drifted: 'bad',
  retry: 'warn',
  throttled: 'warn',
}

/** toneColor is the colour of a tone, as a CSS variable that holds in both themes. */
export const toneColor = (tone: Tone): string => colors[tone]

/** State shows a word of the API as a badge: in words, with a colour that means the same everywhere. */
export function State({ value, tone, label }: { value: string; tone?: Tone; label?: string }) {
  const color = colors[tone ?? tones[value] ?? 'calm']
  return (
    <span className={classes.state} style={{ color }}>
      {label ?? value.replaceAll('_', ' ')}
    </span>
  )
}
