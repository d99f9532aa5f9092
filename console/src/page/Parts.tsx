import { Link, type LinkProps } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import classes from './Parts.module.css'

/** Part is a page that is a part of another, with its address. */
export interface Part {
  to: NonNullable<LinkProps['to']>
  label: string
}

/**
 * Parts are the parts of a page, each a page of its own, as links that look as tabs do. at is the one that is shown;
 * label names them all. children stand behind them.
 */
export function Parts({
  label,
  parts,
  at,
  children,
}: {
  label: string
  parts: readonly Part[]
  at: Part['to'] | undefined
  children?: ReactNode
}) {
  return (
    <nav aria-label={label} className={classes.parts}>
      {parts.map((part) => (
        <Link
          key={part.to}
          to={part.to}
          className={classes.part}
          ref={part.to === at ? intoView : undefined}
          data-here={part.to === at || undefined}
          aria-current={part.to === at ? 'page' : undefined}
        >
          {part.label}
        </Link>
      ))}
      {children}
    </nav>
  )
}

/** PartOutside leads out of the console, in a tab of its own. */
export function PartOutside({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a href={href} target="_blank" rel="noopener" className={classes.part}>
      {children}
    </a>
  )
}

/** intoView scrolls the part that one is at into sight: on a small screen not all have room. */
function intoView(part: HTMLElement | null): void {
  const bar = part?.parentElement
  if (part && bar) bar.scrollLeft = part.offsetLeft - (bar.clientWidth - part.offsetWidth) / 2
}
