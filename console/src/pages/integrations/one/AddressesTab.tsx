import { Alert, Button, Group, Progress, Stack, Text } from '@mantine/core'
import { IconArrowRight } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { Panel } from '@/page/Panel'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { count, full, milliseconds } from '@/text/number'
import { State } from '@/text/State'
import type { Shown } from './data'

/** AddressesTab shows what a responder keeps out, and how much room it has left. */
export function AddressesTab({ responder, integration }: Shown) {
  if (!responder)
    return (
      <Alert variant="light" color="gray">
        <Text size="sm">How it stands is not known yet, or you may not see blocks.</Text>
      </Alert>
    )
  const { used, capacity, ours, share, placements } = responder
  return (
    <Panel
      title="Blocked addresses"
      actions={
        <Button
          component={Link}
          to={'/blocks' as string}
          search={{ integration: integration.id } as never}
          size="compact-sm"
          variant="light"
          rightSection={<IconArrowRight size={14} aria-hidden />}
        >
          Its blocks
        </Button>
      }
    >
      <Stack gap="md">
        <div>
          <Text fz={28} fw={700} lh={1.15} className="numbers">
            {full(used)}
            <Text span size="sm" c="dimmed" fw={400}>
              {' '}
              {capacity ? `of ${count(capacity, 'address', 'addresses')}` : 'addresses'}, {full(ours)} by
              Tocsin
            </Text>
          </Text>
          {share !== undefined && (
            <Progress
              value={Math.max(share * 100, used > 0 ? 1 : 0)}
              mt={6}
              aria-label="Part of the capacity that is used"
              color={share > 0.9 ? 'red' : undefined}
            />
          )}
        </div>
        <Group gap="md">
          {Object.entries(placements).map(([state, n]) => (
            <Group gap={6} key={state}>
              <State value={state} />
              <Text size="sm" className="numbers">
                {full(n)}
              </Text>
            </Group>
          ))}
        </Group>
        <Text size="sm" c="dimmed">
          Reconciled <Ago time={responder.last_cycle_at} none="never" />, which took{' '}
          {milliseconds(responder.took_ms)}; next <Ago time={responder.next_cycle_at} none="not planned" />.
        </Text>
        {responder.warnings.map((each) => (
          <Alert key={each} color="yellow" variant="light" py="xs">
            <EventText size="sm">{each}</EventText>
          </Alert>
        ))}
      </Stack>
    </Panel>
  )
}
