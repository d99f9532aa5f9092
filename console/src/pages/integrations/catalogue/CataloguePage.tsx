import { Button, Card, Chip, type ChipProps, Group, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { IconArrowRight, IconSearch } from '@tabler/icons-react'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { Schemas } from '@/api/client'
import { Page } from '@/page/Page'
import { Empty } from '@/state/Empty'
import { Loaded } from '@/state/Loaded'
import { useConnectors, useIntegrations } from '../data/all'
import { Find } from '../Find'
import { PlaceTabs } from '../PlaceTabs'
import classes from './Catalogue.module.css'
import { ConnectorCard } from './ConnectorCard'
import { grouped } from './grouped'

/** CataloguePage shows what integrations can be made of. */
export function CataloguePage() {
  const connectors = useConnectors()
  const integrations = useIntegrations()
  return (
    <Page
      title="Catalogue"
      head="Integrations"
      about="What events can go to, and what can keep addresses out. Each has a guide and a test."
    >
      <PlaceTabs value="catalogue" configured={integrations.data?.length} />
      <Loaded query={connectors} lines={8}>
        {(items) => <Shelves connectors={items} integrations={integrations.data ?? []} />}
      </Loaded>
    </Page>
  )
}

/** chip is how a chip looks: as wide when it is chosen as when it is not. */
const chip: Omit<ChipProps, 'children'> = {
  size: 'xs',
  variant: 'filled',
  classNames: { label: classes.chip, iconWrapper: classes.tick },
}

function Shelves({
  connectors,
  integrations,
}: {
  connectors: Schemas['Connector'][]
  integrations: Schemas['Integration'][]
}) {
  const search = useSearch({ from: '/shell/integrations/catalogue' })
  const navigate = useNavigate({ from: '/integrations/catalogue' })
  const set = (part: typeof search) => void navigate({ search: { ...search, ...part }, replace: true })
  const all = grouped(connectors, {})
  const shown = grouped(connectors, search)
  return (
    <>
      <Group gap="xs">
        <Find
          label="Search the catalogue"
          value={search.q ?? ''}
          onChange={(q) => set({ q: q || undefined })}
        />
        <Chip.Group
          value={search.group ?? ''}
          onChange={(group) => set({ group: String(group) || undefined })}
        >
          <Group gap={6} role="group" aria-label="Group">
            <Chip value="" {...chip}>
              All
            </Chip>
            {all.map(({ group }) => (
              <Chip key={group.name} value={group.name} {...chip}>
                {group.title}
              </Chip>
            ))}
          </Group>
        </Chip.Group>
      </Group>
      {shown.length === 0 && (
        <Empty icon={IconSearch} title="Nothing matches" text="The catalogue has nothing like that.">
          <Button variant="light" onClick={() => void navigate({ search: {} })}>
            Show all
          </Button>
        </Empty>
      )}
      {shown.map(({ group, connectors: own }) => (
        <Stack key={group.name} gap="xs" component="section" aria-label={group.title}>
          <Group gap={8} align="baseline" mt="xs">
            <Title order={2} fz="md">
              {group.title}
            </Title>
            <Text size="sm" c="dimmed">
              {group.about}
            </Text>
          </Group>
          <SimpleGrid cols={{ base: 1, xs: 2, lg: 3 }} spacing="sm">
            {own.map((connector) => (
              <ConnectorCard
                key={connector.kind}
                connector={connector}
                configured={integrations.filter((each) => each.kind === connector.kind).length}
              />
            ))}
          </SimpleGrid>
        </Stack>
      ))}
      {!search.q && !search.group && <Sources />}
    </>
  )
}

function Sources() {
  return (
    <Stack gap="xs" component="section" aria-label="Sources">
      <Group gap={8} align="baseline" mt="xs">
        <Title order={2} fz="md">
          Sources
        </Title>
        <Text size="sm" c="dimmed">
          Where events come from: syslog, HEC, webhooks of other products.
        </Text>
      </Group>
      <Card withBorder padding="md" radius="md" bg="var(--tocsin-panel)" maw={420}>
        <Group justify="space-between" wrap="nowrap">
          <Text size="sm">Sources are set up in the settings.</Text>
          <Button
            component={Link}
            to={'/settings/sources' as string}
            variant="default"
            size="xs"
            rightSection={<IconArrowRight size={14} aria-hidden />}
          >
            Sources
          </Button>
        </Group>
      </Card>
    </Stack>
  )
}
