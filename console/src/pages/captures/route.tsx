import { createRoute } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { onlyKnown } from '@/link/onlyKnown'
import { lazyPart } from '@/part/lazyPart'

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

const capturesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'captures',
  /** integration is the inbox, event the one whose payload is open. */
  validateSearch: onlyKnown((search: Record<string, unknown>): { integration?: string; event?: string } => ({
    integration: text(search.integration),
    event: text(search.event),
  })),
  component: lazyPart(() => import('./CapturesPage'), 'CapturesPage'),
})

/** capturesRoutes are the addresses of this page. */
export const capturesRoutes = [capturesRoute]
