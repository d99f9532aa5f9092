import classes from './alerts.module.css'

/** riskColor is the colour of a risk, by the same steps as severities have. */
function riskColor(risk: number): string {
  if (risk >= 90) return 'var(--tocsin-critical)'
  if (risk >= 70) return 'var(--tocsin-high)'
  if (risk >= 40) return 'var(--tocsin-medium)'
  return 'var(--tocsin-low)'
}

/** Risk shows a risk score, 0 to 100, as a number with a small bar. */
export function Risk({ score }: { score: number | undefined }) {
  if (score === undefined) return <span className={classes.none}>–</span>
  const risk = Math.max(0, Math.min(100, score))
  return (
    <span className={classes.risk} title={`Risk ${Math.round(risk)} of 100`}>
      <span className="numbers">{Math.round(risk)}</span>
      <span className={classes.bar} aria-hidden>
        <span style={{ width: `${risk}%`, background: riskColor(risk) }} />
      </span>
    </span>
  )
}
