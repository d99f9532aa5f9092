import { Button } from '@mantine/core'
import { IconRefresh } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { done, failed } from '@/act/notify'
import { api } from '@/api/client'
import { asProblem } from '@/api/problem'
import { count } from '@/text/number'

/** LookNow looks at the other system at once, instead of waiting for the next look. */
export function LookNow({ integration }: { integration: string }) {
  const queries = useQueryClient()
  const [busy, setBusy] = useState(false)
  const look = async () => {
    setBusy(true)
    try {
      const { data } = await api.POST('/api/v1/integrations/{id}/sync', {
        params: { path: { id: integration } },
      })
      if (data?.error) throw new Error(data.error)
      done(`${count(data?.found ?? 0, 'change')} found there, ${data?.done ?? 0} brought over.`)
      void queries.invalidateQueries({ queryKey: ['get', '/api/v1/incidents/{number}'] })
      void queries.invalidateQueries({ queryKey: ['get', '/api/v1/alerts/{id}'] })
    } catch (thrown) {
      // 409: it is being looked at just now, or its kind tells of changes by itself.
      if (asProblem(thrown).status === 409) done(asProblem(thrown).message)
      else failed('Looking at the other side', thrown)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Button
      size="compact-xs"
      variant="subtle"
      loading={busy}
      leftSection={<IconRefresh size={13} aria-hidden />}
      onClick={() => void look()}
    >
      Look now
    </Button>
  )
}
