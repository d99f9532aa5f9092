import { Alert, ScrollArea, Stack, Text } from '@mantine/core'
import { IconFlask } from '@tabler/icons-react'
import type { Schemas } from '@/api/client'
import { count } from '@/text/number'
import { Hits } from './Hits'
import { wouldWords } from './summary'

/** Trial says what a rule would have made of the newest events. */
export function Trial({ trial }: { trial: Schemas['ResponseTrial'] }) {
  const { counts } = trial
  return (
    <Stack gap="xs" role="region" aria-label="Trial">
      <Alert
        role="status"
        color="bell"
        variant="light"
        icon={<IconFlask aria-hidden />}
        title={wouldWords(counts)}
      >
        <Text size="sm">
          Of the {count(trial.looked, 'newest event')} it looks at {trial.matched}
          {trial.without_target > 0 && `, of which ${trial.without_target} have no such observed address`}
          {trial.failed > 0 && `; its expression fails for ${trial.failed}`}. Nothing was done.
        </Text>
      </Alert>
      {trial.items.length > 0 && (
        <ScrollArea.Autosize
          mah={260}
          type="auto"
          viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'Decisions' }}
        >
          <Hits hits={trial.items} />
        </ScrollArea.Autosize>
      )}
    </Stack>
  )
}
