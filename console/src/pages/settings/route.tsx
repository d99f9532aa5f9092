import { createRoute } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { onlyKnown } from '@/link/onlyKnown'
import { lazyPart } from '@/part/lazyPart'

/** SettingsSearch is what an address of the settings says beside the page. */
export interface SettingsSearch {
  /** open is what is open at the side: "new", or the id of a line. */
  open?: string
  /** q is what is looked for. */
  q?: string
  /** state chooses the lines that stand there. */
  state?: string
  /** rule, dedup_key and project are what a new silence is about, for who comes from an alert. */
  rule?: string
  dedup_key?: string
  project?: string
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value.slice(0, 100) : undefined

/** longestValue is how many characters a silence may ask for: what its form takes. */
const longestValue = 1024

/** value is a whole value, or none: a part of it would be about something else. */
const value = (of: unknown): string | undefined => {
  const said = typeof of === 'number' || typeof of === 'boolean' ? String(of) : of
  return typeof said === 'string' && said !== '' && said.length <= longestValue ? said : undefined
}

const settingsRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'settings',
  validateSearch: onlyKnown(
    (search: Record<string, unknown>): SettingsSearch => ({
      open: text(search.open),
      q: text(search.q),
      state: text(search.state),
      rule: value(search.rule),
      dedup_key: value(search.dedup_key),
      project: value(search.project),
    }),
  ),
  component: lazyPart(() => import('./frame/SettingsFrame'), 'SettingsFrame'),
})

const below = () => settingsRoute

/** settingsRoutes are the addresses of these pages. */
export const settingsRoutes = [
  settingsRoute.addChildren([
    createRoute({
      getParentRoute: below,
      path: '/',
      component: lazyPart(() => import('./frame/SettingsIndex'), 'SettingsIndex'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'profile',
      component: lazyPart(() => import('./profile/ProfilePage'), 'ProfilePage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'accounts',
      component: lazyPart(() => import('./accounts/AccountsPage'), 'AccountsPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'projects',
      component: lazyPart(() => import('./projects/ProjectsPage'), 'ProjectsPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'users',
      component: lazyPart(() => import('./users/UsersPage'), 'UsersPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'keys',
      component: lazyPart(() => import('./keys/KeysPage'), 'KeysPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'plans',
      component: lazyPart(() => import('./plans/PlansPage'), 'PlansPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'egress',
      component: lazyPart(() => import('./egress/EgressPage'), 'EgressPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'mapping',
      component: lazyPart(() => import('./mapping/MappingPage'), 'MappingPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'sources',
      component: lazyPart(() => import('./sources/SourcesPage'), 'SourcesPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'silences',
      component: lazyPart(() => import('./silences/SilencesPage'), 'SilencesPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'digests',
      component: lazyPart(() => import('./digests/DigestsPage'), 'DigestsPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'retention',
      component: lazyPart(() => import('./retention/RetentionPage'), 'RetentionPage'),
    }),
  ]),
]
