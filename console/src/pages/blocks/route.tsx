import { createRoute } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { onlyKnown } from '@/link/onlyKnown'
import { lazyPart } from '@/part/lazyPart'
import { readBlocksSearch } from './list/search'

export const listRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'blocks',
  validateSearch: onlyKnown(readBlocksSearch),
  component: lazyPart(() => import('./list/ListPage'), 'ListPage'),
})

export const blockRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'blocks/$id',
  component: lazyPart(() => import('./detail/BlockPage'), 'BlockPage'),
})

const respondersRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'blocks/responders',
  component: lazyPart(() => import('./responders/RespondersPage'), 'RespondersPage'),
})

export const neverBlockRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'blocks/never-block',
  // check is the address that is asked about; q filters the list.
  validateSearch: onlyKnown((search: Record<string, unknown>): { check?: string; q?: string } => ({
    ...(search.check ? { check: String(search.check) } : {}),
    ...(search.q ? { q: String(search.q).slice(0, 200) } : {}),
  })),
  component: lazyPart(() => import('./neverblock/NeverBlockPage'), 'NeverBlockPage'),
})

const rulesRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'blocks/rules',
  component: lazyPart(() => import('./rules/RulesPage'), 'RulesPage'),
})

export const ruleRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'blocks/rules/$id',
  component: lazyPart(() => import('./rules/RulePage'), 'RulePage'),
})

const policyRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'blocks/policy',
  component: lazyPart(() => import('./policy/PolicyPage'), 'PolicyPage'),
})

/** blocksRoutes are the addresses of this page. */
export const blocksRoutes = [
  listRoute,
  blockRoute,
  respondersRoute,
  neverBlockRoute,
  rulesRoute,
  ruleRoute,
  policyRoute,
]
