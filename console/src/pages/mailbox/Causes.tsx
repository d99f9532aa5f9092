import { Alert, Box, Text } from '@mantine/core'
import { IconInfoCircle } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { api } from '@/api/client'
import { Panel } from '@/page/Panel'
import { Loaded } from '@/state/Loaded'
import { count, full } from '@/text/number'
import { CauseList } from './CauseList'
import { NothingHere } from './NothingHere'
import { filterOf, type MailboxSearch } from './search'

/** useCauses sums up what a filter lets through. */
export function useCauses(search: MailboxSearch) {
  const filter = filterOf(search)
  return useQuery({
    queryKey: ['get', '/api/v1/mailbox/causes', filter],
    queryFn: async ({ signal }) => {
      const { data } = await api.GET('/api/v1/mailbox/causes', { params: { query: filter }, signal })
      if (!data) throw new Error('the hub answered without causes')
      return data
    },
  })
}

/** Causes is the mailbox's first view: failures by cause and integration. */
export function Causes({ search }: { search: MailboxSearch }) {
  const query = useCauses(search)
  return (
    <Panel flush>
      <Loaded query={query} lines={8}>
        {({ items, total, approximate, more }) =>
          items.length === 0 ? (
            <NothingHere search={search} />
          ) : (
            <>
              <Box px="md" py="xs">
                <Text size="sm" c="dimmed" className="numbers" role="status">
                  {approximate
                    ? `More than ${full(total)} deliveries`
                    : count(total, 'delivery', 'deliveries')}{' '}
                  by{' '}
                  {more ? `their ${full(items.length)} most frequent causes` : count(items.length, 'cause')}
                </Text>
              </Box>
              <CauseList causes={items} search={search} />
              {approximate && (
                <Alert variant="light" color="gray" icon={<IconInfoCircle aria-hidden />} m="md">
                  Only the newest {full(total)} were counted. Narrow it down by time or integration to count
                  the others.
                </Alert>
              )}
            </>
          )
        }
      </Loaded>
    </Panel>
  )
}
