import { Group, Text, Tooltip, UnstyledButton } from '@mantine/core'
import { useLiveState } from '@/live/LiveProvider'
import { hurry } from '@/live/stream'
import classes from './Shell.module.css'

const words = { connecting: 'Connecting', live: 'Live', waiting: 'Reconnecting' }
const meanings = {
  connecting: 'The console is connecting to the hub.',
  live: 'What you see changes by itself as things happen.',
  waiting:
    'The connection to the hub was lost. What you see may be old; it is read again as soon as the hub answers. Click to try at once.',
}

/** LiveMark says whether what is shown is live. While it is not, a click tries to connect at once. */
export function LiveMark() {
  const state = useLiveState()
  const mark = (
    <Group
      gap={6}
      wrap="nowrap"
      className={classes.live}
      role="status"
      aria-label={`${words[state]}. ${meanings[state]}`}
      data-testid="live"
      data-state={state}
    >
      <span className={classes.dot} data-state={state} />
      <Text size="xs" c="dimmed" visibleFrom="md">
        {words[state]}
      </Text>
    </Group>
  )
  return (
    <Tooltip
      label={`${words[state]}. ${meanings[state]}`}
      multiline
      maw={280}
      events={{ hover: true, focus: false, touch: true }}
    >
      {state === 'waiting' ? (
        <UnstyledButton onClick={hurry} aria-label="Connect to the hub at once">
          {mark}
        </UnstyledButton>
      ) : (
        mark
      )}
    </Tooltip>
  )
}
