import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { readSearch } from './search'

const mailboxRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'mailbox',
  validateSearch: readSearch,
  component: lazyRouteComponent(() => import('./MailboxPage'), 'MailboxPage'),
})

/** mailboxRoutes are the addresses of this page. */
export const mailboxRoutes = [mailboxRoute]
