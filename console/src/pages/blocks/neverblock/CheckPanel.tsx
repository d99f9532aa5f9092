import { Alert, Button, Group, List, Stack, Text, TextInput } from '@mantine/core'
import { IconCircleCheck, IconHandStop, IconSearch } from '@tabler/icons-react'
import { Link } from '@tanstack/react-router'
import { type FormEvent, useEffect, useState } from 'react'
import { $api, type Schemas } from '@/api/client'
import { asProblem } from '@/api/problem'
import { PageLink } from '@/link/PageLink'
import { Panel } from '@/page/Panel'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { neverBlockRoute } from '../route'
import { Origin } from './columns'

/** CheckPanel answers whether an address is exempt, and why. What was asked stands in the URL. */
export function CheckPanel() {
  const { check, q } = neverBlockRoute.useSearch()
  const navigate = neverBlockRoute.useNavigate()
  const [text, setText] = useState(check ?? '')
  useEffect(() => setText(check ?? ''), [check])
  const answer = $api.useQuery(
    'get',
    '/api/v1/never-block/check',
    { params: { query: { target: check ?? '' } } },
    { enabled: Boolean(check), staleTime: 0 },
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const wanted = text.trim()
    if (wanted === check) void answer.refetch()
    else void navigate({ search: { check: wanted || undefined, q } })
  }
  return (
    <Panel style={{ flexShrink: 0 }}>
      <Stack gap="sm">
        <form onSubmit={submit}>
          <Group align="flex-end" gap="xs">
            <TextInput
              label="Check an address"
              placeholder="198.51.100.7 or 203.0.113.0/24"
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
              maxLength={64}
              spellCheck={false}
              autoComplete="off"
              flex="1 1 220px"
              maw={420}
              error={check && answer.error ? asProblem(answer.error).message : undefined}
            />
            <Button
              type="submit"
              variant="default"
              leftSection={<IconSearch size={16} aria-hidden />}
              loading={answer.isFetching}
              disabled={!text.trim()}
            >
              Is it exempt?
            </Button>
          </Group>
        </form>
        {check && answer.data && <Answer check={answer.data} />}
      </Stack>
    </Panel>
  )
}

function Answer({ check }: { check: Schemas['NeverBlockCheck'] }) {
  if (!check.exempt) {
    return (
      <Alert
        role="status"
        color="bell"
        variant="light"
        icon={<IconCircleCheck aria-hidden />}
        title={`${check.target} is not exempt: it may be blocked`}
      >
        <Overlaps blocks={check.blocks} />
        <Link to="/blocks" search={{ plan: check.target }}>
          Plan a block of it
        </Link>
      </Alert>
    )
  }
  return (
    <Alert
      role="status"
      color="yellow"
      variant="light"
      icon={<IconHandStop aria-hidden />}
      title={`${check.target} is exempt: no block may touch it`}
      styles={{ title: { color: 'var(--mantine-color-text)' } }}
    >
      <List size="sm" spacing={6} listStyleType="none" withPadding={false}>
        {check.because.map((entry) => (
          <List.Item key={`${entry.source} ${entry.target} ${entry.id ?? ''}`}>
            <Group gap="xs">
              <Text span className="mono" fw={600}>
                {entry.target}
              </Text>
              <Text span size="sm">
                <EventText>{entry.reason}</EventText>
              </Text>
              <Origin entry={entry} />
              {entry.expires_at && (
                <Text span size="xs" c="dimmed">
                  until <Ago time={entry.expires_at} inherit />
                </Text>
              )}
            </Group>
          </List.Item>
        ))}
      </List>
      <Overlaps blocks={check.blocks} />
    </Alert>
  )
}

function Overlaps({ blocks }: { blocks: readonly Schemas['BlockRef'][] }) {
  if (blocks.length === 0) return null
  return (
    <Text size="sm">
      Open blocks that overlap it:{' '}
      {blocks.map((block, i) => (
        <span key={block.id}>
          {i > 0 && ', '}
          <PageLink to={`/blocks/${block.id}`} className="mono">
            {block.target}
          </PageLink>
        </span>
      ))}
    </Text>
  )
}
