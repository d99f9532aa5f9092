import { safeHref } from '@/text/link'

/** Target is where a link of a guide leads: to a page of this console, to another site, or nowhere that there is. */
export type Target = { kind: 'page'; to: string } | { kind: 'site'; href: string } | { kind: 'none' }

/** resolve finds what a link of a guide or of the handbook means here; files of the repository have no page. */
export function resolve(href: string | undefined): Target {
  const site = safeHref(href)
  if (site) return { kind: 'site', href: site }
  const [path = ''] = (href ?? '').split('#')
  const [, connector] = /(?:^|\/)(?:connectors\/|\.\.\/)([a-z0-9]+)\/README\.md$/.exec(path) ?? []
  if (connector) return { kind: 'page', to: `/docs/connectors/${connector}` }
  const [, page] = /^(?:(?:\.\.\/)+docs\/|\.\/)?([a-z0-9-]+)\.md$/.exec(path) ?? []
  if (page === 'events') return { kind: 'page', to: '/docs/events' }
  if (page) return { kind: 'page', to: `/docs/handbook/${page}` }
  if (path === '/api/docs') return { kind: 'page', to: path }
  return { kind: 'none' }
}
