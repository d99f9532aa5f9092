import { Group, Kbd, Modal, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { places } from '@/app/shell/navigation'
import { atTitle } from '@/page/atTitle'
import { useKeys } from './useKeys'

const everywhere: [keys: string, what: string][] = [
  ['/', 'Search, or go to a page or an id'],
  ['?', 'This help'],
  ['Esc', 'Close what is open'],
]

const lists: [keys: string, what: string][] = [
  ['j', 'Next line'],
  ['k', 'Previous line'],
  ['Enter', 'Open the line'],
  ['x', 'Select the line'],
  ['a', 'Acknowledge (alerts)'],
  ['r', 'Resolve (alerts)'],
  ['b', 'Block an address (alerts)'],
]

/** KeysHelp lists the keys, behind "?". */
export function KeysHelp() {
  const [opened, { open, close }] = useDisclosure()
  useKeys({ 'Shift+?': open, '?': open })
  return (
    <Modal opened={opened} onClose={close} title="Keys" size="lg" attributes={atTitle}>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xl">
        <Stack gap="lg">
          <Keys title="Everywhere" keys={everywhere} />
          <Keys title="In lists" keys={lists} />
        </Stack>
        <Keys title="Go to" keys={places.map((place) => [`g ${place.letter}`, place.label])} />
      </SimpleGrid>
    </Modal>
  )
}

function Keys({ title, keys }: { title: string; keys: [string, string][] }) {
  return (
    <Stack gap={6}>
      <Title order={3} fz="sm">
        {title}
      </Title>
      {keys.map(([combination, what]) => (
        <Group key={combination} justify="space-between" wrap="nowrap">
          <Text size="sm">{what}</Text>
          <Group gap={4} wrap="nowrap">
            {combination.split(' ').map((key) => (
              <Kbd key={key}>{key}</Kbd>
            ))}
          </Group>
        </Group>
      ))}
    </Stack>
  )
}
