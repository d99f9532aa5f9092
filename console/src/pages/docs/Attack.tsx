import { Accordion, Group, Text, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useState } from 'react'
import { $api, type Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { Panel } from '@/page/Panel'
import { Loaded } from '@/state/Loaded'
import classes from './Attack.module.css'

/** Attack lists the techniques that the hub knows by name, by tactic. */
export function Attack() {
  const query = $api.useQuery('get', '/api/v1/attack/techniques', {}, { staleTime: Number.POSITIVE_INFINITY })
  return (
    <Panel>
      <Loaded query={query} lines={12}>
        {(techniques) => <Tactics techniques={techniques} />}
      </Loaded>
    </Panel>
  )
}

function Tactics({ techniques }: { techniques: Schemas['AttackTechniques'] }) {
  const [query, setQuery] = useState('')
  const [open, setOpen] = useState<string[]>(['initial-access'])
  const wanted = query.trim().toLowerCase()
  const found = techniques.items.filter(({ id, name }) => `${id} ${name}`.toLowerCase().includes(wanted))
  const shown = techniques.tactics
    .map((tactic) => ({ tactic, list: found.filter(({ tactics }) => tactics.includes(tactic)) }))
    .filter(({ list }) => list.length > 0)
  return (
    <>
      <Text size="sm" c="dimmed" maw={760}>
        Events name techniques in <span className="mono">mitre</span>; alerts collect those of all their
        events. Version {techniques.version}. A technique leads to the alerts that name it.
      </Text>
      <TextInput
        aria-label="Search in techniques"
        placeholder="Search in techniques"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={query}
        onChange={(event) => setQuery(event.currentTarget.value)}
        maw={320}
        my="sm"
      />
      <Accordion
        multiple
        value={wanted ? shown.map(({ tactic }) => tactic) : open}
        onChange={setOpen}
        chevronPosition="left"
      >
        {shown.map(({ tactic, list }) => (
          <Accordion.Item key={tactic} value={tactic}>
            <Accordion.Control>
              <Group gap={8} align="baseline">
                <Text fw={600} size="sm" tt="capitalize">
                  {tactic.replaceAll('-', ' ')}
                </Text>
                <Text size="xs" c="dimmed" className="numbers">
                  {list.length}
                </Text>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>
              <ul className={classes.techniques}>
                {list.map(({ id, name }) => (
                  <li key={id}>
                    <PageLink underline="hover" to="/alerts" search={{ mitre: id }} size="sm" c="inherit">
                      <span className={classes.id}>{id}</span> {name}
                    </PageLink>
                  </li>
                ))}
              </ul>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
      <Text size="xs" c="dimmed" mt="md">
        {techniques.attribution}
      </Text>
    </>
  )
}
