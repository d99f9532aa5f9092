import { Alert, Badge, Box, Code, Collapse, Group, List, Stack, Text, UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import {
  IconChevronDown,
  IconChevronRight,
  IconCircleCheck,
  IconHandStop,
  IconUserCheck,
} from '@tabler/icons-react'
import type { Schemas } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { When } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { Json } from '@/text/Json'
import { full } from '@/text/number'
import { State, type Tone } from '@/text/State'
import { adviceOn } from './advice'
import classes from './BlockPlan.module.css'

const decisions = {
  allow: { color: 'bell', icon: IconCircleCheck, title: 'This would be blocked' },
  approval: { color: 'yellow', icon: IconUserCheck, title: 'This would wait for somebody to approve it' },
  refuse: { color: 'red', icon: IconHandStop, title: 'This would be refused' },
} as const

/** BlockPlan shows what a dry run said: what the guard says, and what would change at each responder, with the exact calls. */
export function BlockPlan({ plan }: { plan: Schemas['BlockPlan'] }) {
  const { color, icon: Picture, title } = decisions[plan.decision]
  return (
    <Stack gap="xs" role="region" aria-label="Dry run" aria-live="polite">
      <Alert
        color={color}
        variant="light"
        icon={<Picture aria-hidden />}
        title={title}
        classNames={{ title: classes.verdict }}
      >
        <Findings findings={plan.findings} />
        {plan.decision !== 'refuse' && (
          <Text size="sm">
            <span className="mono">{plan.target}</span>{' '}
            {plan.expires_at ? (
              <>
                until <When time={plan.expires_at} inherit />
              </>
            ) : (
              'for good'
            )}
            {plan.merges && (
              <>
                ; it is blocked already, and <PageLink to={`/blocks/${plan.merges}`}>that block</PageLink>{' '}
                would last until whichever is later
              </>
            )}
            . Nothing has been changed yet.
          </Text>
        )}
      </Alert>
      {plan.responders.map((effect) => (
        <Effect key={effect.integration} effect={effect} />
      ))}
      {plan.decision !== 'refuse' && plan.responders.length === 0 && (
        <Text size="sm" c="dimmed">
          No responder of this account can block this target.
        </Text>
      )}
    </Stack>
  )
}

/** Findings are what the guard has to say, one line each. */
export function Findings({ findings }: { findings: readonly Schemas['Finding'][] }) {
  if (findings.length === 0) return null
  return (
    <List size="sm" spacing={4} withPadding={false} listStyleType="none">
      {findings.map((finding) => (
        <List.Item key={`${finding.code} ${finding.text}`}>
          <EventText inherit>{finding.text}</EventText>
          <WhatToDo code={finding.code} />
        </List.Item>
      ))}
    </List>
  )
}

function WhatToDo({ code }: { code: string }) {
  const advice = adviceOn(code)
  if (!advice) return null
  return (
    <Text size="xs" component="div">
      {advice.text}{' '}
      {advice.path && (
        <PageLink to={advice.path} c="inherit" underline="always">
          {advice.label}
        </PageLink>
      )}
    </Text>
  )
}

const actions: Record<Schemas['Effect']['action'], [label: string, tone: Tone]> = {
  add: ['would be added', 'busy'],
  none: ['holds it already', 'good'],
  covered: ['a wider block stands for it', 'good'],
  unsupported: ['cannot block this', 'warn'],
  unknown: ['could not be asked', 'bad'],
}

function Effect({ effect }: { effect: Schemas['Effect'] }) {
  const [opened, { toggle }] = useDisclosure()
  const [label, tone] = actions[effect.action]
  const Chevron = opened ? IconChevronDown : IconChevronRight
  return (
    <Box className={classes.effect}>
      <Group justify="space-between" gap="xs">
        <Group gap="xs" miw={0}>
          <Text size="sm" fw={600}>
            <EventText>{effect.name}</EventText>
          </Text>
          <Text size="xs" c="dimmed">
            {effect.kind}
          </Text>
          <State value={effect.action} label={label} tone={tone} />
        </Group>
        {effect.capacity ? (
          <Text size="xs" c="dimmed" className="numbers">
            {full(effect.used)} of {full(effect.capacity)} entries used
          </Text>
        ) : null}
      </Group>
      {effect.detail && (
        <Text size="xs" c="dimmed">
          <EventText>{effect.detail}</EventText>
        </Text>
      )}
      {effect.warnings?.map((warning) => (
        <Text key={warning} size="xs" style={{ color: 'var(--tocsin-warn)' }}>
          <EventText>{warning}</EventText>
        </Text>
      ))}
      {effect.call && (
        <>
          <UnstyledButton onClick={toggle} aria-expanded={opened} className={classes.call}>
            <Chevron size={14} aria-hidden />
            <Badge size="sm" radius="sm" variant="default" tt="none">
              {effect.call.method}
            </Badge>
            <span className="mono">{effect.call.url}</span>
          </UnstyledButton>
          <Collapse expanded={opened}>
            <ExactCall call={effect.call} />
          </Collapse>
        </>
      )}
    </Box>
  )
}

/** ExactCall shows a request as it would be made, with its secrets masked. */
export function ExactCall({ call }: { call: Schemas['Call'] }) {
  return (
    <Stack gap="xs" mt="xs">
      <Code block className={classes.headers}>
        {Object.entries(call.headers)
          .map(([name, value]) => `${name}: ${value}`)
          .join('\n')}
      </Code>
      {call.body && <Json value={pretty(call.body)} label="Body" maxHeight={220} />}
    </Stack>
  )
}

/** pretty lays JSON out; what is none stays as it is. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
