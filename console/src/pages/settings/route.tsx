import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'

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
  validateSearch: (search: Record<string, unknown>): SettingsSearch => ({
    open: text(search.open),
    q: text(search.q),
    state: text(search.state),
    rule: value(search.rule),
    dedup_key: value(search.dedup_key),
    project: value(search.project),
  }),
  component: lazyRouteComponent(() => import('./frame/SettingsFrame'), 'SettingsFrame'),
})

const below = () => settingsRoute

/** settingsRoutes are the addresses of these pages. */
export const settingsRoutes = [
  settingsRoute.addChildren([
    createRoute({
      getParentRoute: below,
      path: '/',
      component: lazyRouteComponent(() => import('./frame/SettingsIndex'), 'SettingsIndex'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'profile',
      component: lazyRouteComponent(() => import('./profile/ProfilePage'), 'ProfilePage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'accounts',
      component: lazyRouteComponent(() => import('./accounts/AccountsPage'), 'AccountsPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'projects',
      component: lazyRouteComponent(() => import('./projects/ProjectsPage'), 'ProjectsPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'users',
      component: lazyRouteComponent(() => import('./users/UsersPage'), 'UsersPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'keys',
      component: lazyRouteComponent(() => import('./keys/KeysPage'), 'KeysPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'plans',
      component: lazyRouteComponent(() => import('./plans/PlansPage'), 'PlansPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'egress',
      component: lazyRouteComponent(() => import('./egress/EgressPage'), 'EgressPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'mapping',
      component: lazyRouteComponent(() => import('./mapping/MappingPage'), 'MappingPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'sources',
      component: lazyRouteComponent(() => import('./sources/SourcesPage'), 'SourcesPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'silences',
      component: lazyRouteComponent(() => import('./silences/SilencesPage'), 'SilencesPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'digests',
      component: lazyRouteComponent(() => import('./digests/DigestsPage'), 'DigestsPage'),
    }),
    createRoute({
      getParentRoute: below,
      path: 'retention',
      component: lazyRouteComponent(() => import('./retention/RetentionPage'), 'RetentionPage'),
    }),
  ]),
]
