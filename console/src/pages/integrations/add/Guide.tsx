import { Anchor, Box, Stack, Text } from '@mantine/core'
import type { Schemas } from '@/api/client'
import { Guide as GuideText } from '@/guide/Guide'
import { Panel } from '@/page/Panel'
import { OutLink } from '@/text/OutLink'
import classes from './Add.module.css'

/** Guide is how a connector is set up, beside its form. */
export function Guide({ connector }: { connector: Schemas['Connector'] }) {
  return (
    <Box className={classes.guide} id="guide">
      <Panel
        title="Guide"
        flush
        actions={
          connector.docs_url && (
            <OutLink href={connector.docs_url} size="xs">
              The vendor’s page
            </OutLink>
          )
        }
      >
        {/* A region that scrolls must be reachable without a pointer. */}
        <div className={classes.inner} tabIndex={0} role="region" aria-label="Guide">
          <Stack px="md" pb="md">
            {connector.guide ? (
              <GuideText text={withoutTitle(connector.guide)} />
            ) : (
              <Text size="sm">There is no guide.</Text>
            )}
            <Facts connector={connector} />
          </Stack>
        </div>
      </Panel>
    </Box>
  )
}

/** withoutTitle leaves out the guide's first heading: the page has it. */
const withoutTitle = (guide: string): string => guide.replace(/^\s*# .*\n/, '')

function Facts({ connector }: { connector: Schemas['Connector'] }) {
  const facts: [string, string][] = [
    ['Authentication', connector.auth],
    ['Retries', connector.retry],
    ['Payload', connector.ownership],
  ]
  return (
    <Stack gap={6} pt="sm" style={{ borderTop: '1px solid var(--tocsin-line)' }}>
      {facts
        .filter(([, text]) => text)
        .map(([name, text]) => (
          <Box key={name}>
            <Text size="xs" fw={600}>
              {name}
            </Text>
            <Text size="xs" c="dimmed">
              {text}
            </Text>
          </Box>
        ))}
    </Stack>
  )
}

/** ToGuide leads to the guide on small screens, where it stands below the form. */
export const ToGuide = () => (
  <Anchor href="#guide" size="sm" hiddenFrom="lg">
    Read the guide
  </Anchor>
)
