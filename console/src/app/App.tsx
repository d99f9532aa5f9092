import { MantineProvider } from '@mantine/core'
import { ModalsProvider } from '@mantine/modals'
import { Notifications } from '@mantine/notifications'
import { QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { useState } from 'react'
import { newQueryClient } from '@/api/query'
import { styleNonce } from '@/security/nonce'
import { watchSession } from '@/session/watch'
import { newRouter } from './router'
import { theme, variables } from './theme'

const nonce = styleNonce()

/** App is the whole console. */
export function App() {
  const [queries] = useState(newQueryClient)
  const [router] = useState(() => {
    const made = newRouter(queries)
    watchSession(queries, () => {
      const { pathname, href } = made.state.location
      if (!pathname.startsWith('/sign-in') && !pathname.startsWith('/setup')) {
        void made.navigate({ to: '/sign-in', search: { next: href }, ignoreBlocker: true })
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
