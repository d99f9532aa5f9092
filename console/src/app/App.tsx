import { MantineProvider } from '@mantine/core'
import { ModalsProvider } from '@mantine/modals'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { useState } from 'react'
import { onSignedOut } from '@/api/client'
import { newQueryClient } from '@/api/query'
import { styleNonce } from '@/security/nonce'
import { meQuery } from '@/session/me'
import { newRouter } from './router'
import { theme, variables } from './theme'

const nonce = styleNonce()

/** App is the whole console. */
export function App() {
  const [queries] = useState(newQueryClient)
  const [router] = useState(() => {
    const made = newRouter(queries)
    onSignedOut(() => {
      queries.removeQueries({ queryKey: meQuery.queryKey })
      const { pathname, href } = made.state.location
      if (!pathname.startsWith('/sign-in') && !pathname.startsWith('/setup')) {
        void made.navigate({ to: '/sign-in', search: { next: href } })
      }
    })
    return made
  })
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={variables}
      defaultColorScheme="auto"
      getStyleNonce={nonce ? () => nonce : undefined}
    >
      <QueryClientProvider client={queries}>
        <ModalsProvider>
          <Notifications position="bottom-right" limit={4} />
          <RouterProvider router={router} />
        </ModalsProvider>
      </QueryClientProvider>
    </MantineProvider>
  )
}
