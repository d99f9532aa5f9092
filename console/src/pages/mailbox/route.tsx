import { createRoute } from '@tanstack/react-router'
import { shellRoute } from '@/app/root'
import { onlyKnown } from '@/link/onlyKnown'
import { lazyPart } from '@/part/lazyPart'
import { readSearch } from './search'

const mailboxRoute = createRoute({
  getParentRoute: () => shellRoute,
  path: 'mailbox',
  validateSearch: onlyKnown(readSearch),
  component: lazyPart(() => import('./MailboxPage'), 'MailboxPage'),
})

/** mailboxRoutes are the addresses of this page. */
export const mailboxRoutes = [mailboxRoute]
