import { Anchor, Button, Group, SimpleGrid, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { Schemas } from '@/api/client'
import { actIn } from '@/session/account'
import { useMe } from '@/session/me'
import { When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { full } from '@/text/number'
import { Fact } from '../frame/Fact'

/** OwnAccount shows the account that one acts in. */
export function OwnAccount({ account }: { account: Schemas['OwnAccount'] }) {
  const me = useMe()
  return (
    <Group justify="space-between" align="flex-start">
      <SimpleGrid
        cols={{ base: 2, sm: account.parent ? 5 : 4 }}
        spacing="xl"
        verticalSpacing="sm"
        flex={{ base: '1 1 100%', sm: '0 1 auto' }}
      >
        <Fact label="Name">
          <EventText inherit>{account.title || account.name}</EventText>
          {account.title && account.title !== account.name && (
            <Text span c="dimmed" size="sm" fw={400}>
              {' '}
              ({account.name})
            </Text>
          )}
        </Fact>
        <Fact label="Plan">
          <Anchor component={Link} to="/settings/plans" inherit>
            {me.plan.title || account.plan}
          </Anchor>
        </Fact>
        {account.parent && <Fact label="Parent">{account.parent}</Fact>}
        <Fact label="Events this month">
          <span className="numbers">{full(account.usage.events)}</span>
        </Fact>
        <Fact label="Created">
          <When time={account.created_at} />
        </Fact>
      </SimpleGrid>
      {me.account !== me.home && (
        <Button variant="default" onClick={() => actIn('')}>
          Back to {me.home}
        </Button>
      )}
    </Group>
  )
}
