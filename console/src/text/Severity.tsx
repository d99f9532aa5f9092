import {
  IconAlertOctagonFilled,
  IconAlertTriangleFilled,
  IconChevronDown,
  IconCircleFilled,
  IconInfoCircleFilled,
} from '@tabler/icons-react'
import classes from './State.module.css'

/** severities are all severities, the worst first. */
export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const

export type SeverityName = (typeof severities)[number]

// A picture for each, so that colour is not all that tells them apart.
const pictures = {
  critical: IconAlertOctagonFilled,
  high: IconAlertTriangleFilled,
  medium: IconCircleFilled,
  low: IconChevronDown,
  info: IconInfoCircleFilled,
}

/** severityColor is the colour of a severity, as a CSS variable that holds in both themes. */
export const severityColor = (severity: string): string =>
  severity in pictures ? `var(--tocsin-${severity})` : 'var(--tocsin-info)'

/** Severity shows a severity by picture, colour and word. compact leaves the word to screen readers. */
export function Severity({ value, compact }: { value: string; compact?: boolean }) {
  const Picture = pictures[value as SeverityName] ?? IconInfoCircleFilled
  return (
    <span className={classes.severity} style={{ color: severityColor(value) }} title={value}>
      <Picture size={15} aria-hidden={!compact} aria-label={compact ? value : undefined} />
      {!compact && <span className={classes.word}>{value}</span>}
    </span>
  )
}
