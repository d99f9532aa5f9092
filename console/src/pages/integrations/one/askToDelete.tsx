import { Alert, Stack, Text } from '@mantine/core'
import { confirm } from '@/act/confirm'
import { done } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { asProblem } from '@/api/problem'
import { count } from '@/text/number'

/** What is deleted, and what is known to hang on it. */
interface Deleted {
  integration: Schemas['Integration']
  responder: Schemas['Responder'] | undefined
  backlog: number
  gone: () => Promise<void>
}

/** askToDelete asks for the name, and deletes. When the hub refuses because something hangs on it, it asks once more. */
export function askToDelete(deleted: Deleted): void {
  const { integration, responder, backlog } = deleted
  confirm({
    title: 'Delete the integration?',
    text: (
      <Stack gap="xs">
        <Text size="sm">Its secrets are destroyed. The history of its deliveries stays.</Text>
        {backlog > 0 && (
          <Text size="sm" fw={600}>
            {count(backlog, 'delivery is', 'deliveries are')} waiting or parked.
          </Text>
        )}
        {responder && responder.ours > 0 && (
          <Text size="sm" fw={600}>
            {count(responder.ours, 'address is', 'addresses are')} blocked by it.
          </Text>
        )}
      </Stack>
    ),
    verb: 'Delete',
    danger: true,
    typed: integration.name,
    act: async () => {
      try {
        await remove(deleted, false)
      } catch (thrown) {
        const problem = asProblem(thrown)
        if (problem.status !== 409) throw thrown
        // The first dialog closes; this one says what the hub said.
        window.setTimeout(() => askForce(deleted, problem.message, problem.body), 0)
      }
    },
  })
}

function askForce(deleted: Deleted, why: string, body: Record<string, unknown>): void {
  const lost = numberOf(body.waiting) + numberOf(body.parked)
  confirm({
    title: 'Delete it all the same?',
    text: (
      <Stack gap="xs">
        <Alert color="yellow" variant="light">
          <Text size="sm">{why}</Text>
        </Alert>
        <Text size="sm">
          {lost > 0 ? `${count(lost, 'delivery is', 'deliveries are')} given up. ` : ''}Integrations that fall
          back to it are left without, and addresses that it blocked stay blocked at the vendor.
        </Text>
      </Stack>
    ),
    verb: 'Delete and give up',
    danger: true,
    typed: deleted.integration.name,
    act: () => remove(deleted, true),
  })
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0)

async function remove({ integration, gone }: Deleted, force: boolean): Promise<void> {
  await api.DELETE('/api/v1/integrations/{id}', {
    params: {
      path: { id: integration.id },
      query: force ? { force } : {},
      header: { 'If-Match': `"${integration.version}"` },
    },
  })
  done('The integration was deleted.')
  await gone()
}
