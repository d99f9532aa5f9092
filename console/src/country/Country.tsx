import { visible } from '@/text/visible'
import classes from './Country.module.css'
import { countryName } from './name'

/** Country shows a country by its two letters, with its name as the title, or beside it. */
export function Country({ code, named }: { code: string | undefined; named?: boolean }) {
  if (!code) return null
  const name = countryName(code)
  return (
    <span className={classes.country} title={name || undefined}>
      <span className={classes.code}>{visible(code.toUpperCase()).slice(0, 12)}</span>
      {named && name}
    </span>
  )
}
