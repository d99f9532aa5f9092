import { Button, Code, Group, Stack, Switch, Text } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { useState } from 'react'
import { Panel } from '@/page/Panel'

/** Backup downloads a copy of everything. */
export function Backup() {
  const [events, setEvents] = useState(true)
  return (
    <Panel title="Backup">
      <Stack gap="sm">
        <Text size="sm">
          A consistent copy of the whole hub, made while it runs, as a compressed tar: accounts, people,
          integrations, alerts, incidents, the audit record{events && ', and the events of the journal'}.
          Secrets stay sealed in it: keep the key file elsewhere.
        </Text>
        <Switch
          label="With the events of the journal"
          checked={events}
          onChange={(event) => setEvents(event.currentTarget.checked)}
        />
        <Group justify="space-between">
          <Text size="sm" c="dimmed">
            Regularly by <Code>tocsin backup --to /backups</Code>, which checks it as well; back by{' '}
            <Code>tocsin restore</Code>.
          </Text>
          {/* The browser writes it to the disk as it comes; it may be larger than the memory of a page. */}
          <Button
            component="a"
            href={`/api/v1/backup?events=${events}`}
            download
            variant="default"
            leftSection={<IconDownload size={16} aria-hidden />}
          >
            Download a backup
          </Button>
        </Group>
      </Stack>
    </Panel>
  )
}
