import { ActionIcon, Box, Button, Group, Text, ThemeIcon, Title, Tooltip } from '@mantine/core'
import {
  type Icon,
  IconArrowRight,
  IconPlugConnected,
  IconRadar2,
  IconSend,
  IconShieldCheck,
  IconX,
} from '@tabler/icons-react'
import { PageLink } from '@/link/PageLink'
import { can, useMe } from '@/session/me'
import classes from './FirstSteps.module.css'

interface Step {
  title: string
  text: string
  verb: string
  to: string
  search?: Record<string, string>
  icon: Icon
  scope: string
}

// 192.0.2.0/24 is for documentation (RFC 5737): a plan for it harms nobody.
const steps: Step[] = [
  {
    title: 'Connect a source',
    text: 'Point a sensor, a SIEM or a script at the hub: native JSON, CloudEvents, syslog, CEF, Splunk HEC and more.',
    verb: 'Choose a source',
    to: '/settings/sources',
    icon: IconRadar2,
    scope: 'sources:read',
  },
  {
    title: 'Connect a destination',
    text: 'Slack, PagerDuty, Jira, Splunk, Elasticsearch, webhooks. Test it before anything is sent, and see the exact request.',
    verb: 'Choose a destination',
    to: '/integrations/catalogue',
    icon: IconPlugConnected,
    scope: 'integrations:read',
  },
  {
    title: 'Try a block in dry run',
    text: 'See where an address would be blocked, and what the never-block list would refuse. Nothing is changed.',
    verb: 'Plan a block',
    to: '/blocks',
    search: { plan: '192.0.2.66' },
    icon: IconShieldCheck,
    scope: 'blocks:read',
  },
]

/** FirstSteps are what to do with a hub that does little yet. */
export function FirstSteps({ hide, send }: { hide: () => void; send: () => void }) {
  const { scopes } = useMe()
  return (
    <Box component="section" aria-label="First steps" className={classes.box}>
      <Group justify="space-between" wrap="nowrap" align="flex-start">
        <Box>
          <Title order={2} fz="lg">
            Get started
          </Title>
          <Text size="sm" c="dimmed">
            Every event is written down before it is acknowledged, and each integration gets it at its own
            pace. Try it.
          </Text>
        </Box>
        <Tooltip label="Hide; “First steps” above brings it back">
          <ActionIcon variant="subtle" color="gray" onClick={hide} aria-label="Hide the first steps">
            <IconX size={18} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Group>
      <div className={classes.steps}>
        {can(scopes, 'events:write') && (
          <div className={classes.step}>
            <Head icon={IconSend} title="Send a sample event" />
            <Text size="sm" c="dimmed" flex={1}>
              Choose one of the catalogue’s event types, and watch live where it goes and what the receiver
              gets.
            </Text>
            <Button size="xs" onClick={send} leftSection={<IconSend size={14} aria-hidden />} w="fit-content">
              Send a sample
            </Button>
          </div>
        )}
        {steps
          .filter(({ scope }) => can(scopes, scope))
          .map(({ title, text, verb, to, search, icon }) => (
            <div key={title} className={classes.step}>
              <Head icon={icon} title={title} />
              <Text size="sm" c="dimmed" flex={1}>
                {text}
              </Text>
              <PageLink to={to} search={search ?? {}} size="sm" fw={600} underline="hover">
                <Group gap={4} component="span">
                  {verb} <IconArrowRight size={15} aria-hidden />
                </Group>
              </PageLink>
            </div>
          ))}
      </div>
    </Box>
  )
}

function Head({ icon: Picture, title }: { icon: Icon; title: string }) {
  return (
    <Group gap="sm" wrap="nowrap">
      <ThemeIcon variant="light" size={34} radius="md" aria-hidden>
        <Picture size={19} stroke={1.7} />
      </ThemeIcon>
      <Title order={3} fz="sm">
        {title}
      </Title>
    </Group>
  )
}
