import { Menu } from '@mantine/core'
import { IconClockPlus, IconPlayerStop } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { confirm } from '@/act/confirm'
import { done, failed } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { useCan } from '@/session/me'
import { exact } from '@/text/time'
import { ifMatch } from '../form/ifMatch'
import { RowMenu } from '../frame/RowMenu'

type Silence = Schemas['Silence']

/** extensions are by how much a silence is made longer, in minutes. */
const extensions = [
  { minutes: 60, label: 'One hour longer' },
  { minutes: 240, label: 'Four hours longer' },
  { minutes: 1_440, label: 'One day longer' },
]

/** SilenceMenu makes a silence longer, or ends it. One that has ended is not changed any more. */
export function SilenceMenu({ silence }: { silence: Silence }) {
  const may = useCan('alerts:write')
  const queries = useQueryClient()
  if (!may || silence.state === 'expired') return null
  const changed = () => queries.invalidateQueries({ queryKey: ['get', '/api/v1/silences'] })
  const setEnd = async (ends_at: string, version: number) => {
    const { data } = await api.PATCH('/api/v1/silences/{id}', {
      params: { path: { id: silence.id }, ...ifMatch(version) },
      body: { ends_at },
    })
    await changed()
    return data?.version ?? version
  }
  const extend = async (minutes: number) => {
    try {
      const end = new Date(Date.parse(silence.ends_at) + minutes * 60_000)
      const version = await setEnd(end.toISOString(), silence.version)
      done(`It lasts until ${exact(end)}.`, () => setEnd(silence.ends_at, version))
    } catch (thrown) {
      failed('Making the silence longer', thrown)
      await changed()
    }
  }
  const end = () =>
    confirm({
      title: 'End the silence now?',
      text: 'Deliveries that it is about go out again, from the next one on. What was left out is not sent later.',
      verb: 'End it',
      act: async () => {
        await api.DELETE('/api/v1/silences/{id}', {
          params: { path: { id: silence.id }, ...ifMatch(silence.version) },
        })
        await changed()
        done('The silence has ended.', async () => {
          const { matchers, where, reason, integrations, ends_at } = silence
          await api.POST('/api/v1/silences', {
            body: {
              matchers,
              ends_at,
              integrations,
              ...(where ? { where } : {}),
              ...(reason ? { reason } : {}),
            },
          })
          await changed()
        })
      },
    })
  return (
    <RowMenu name="this silence">
      {extensions.map(({ minutes, label }) => (
        <Menu.Item
          key={minutes}
          leftSection={<IconClockPlus size={16} aria-hidden />}
          onClick={() => void extend(minutes)}
        >
          {label}
        </Menu.Item>
      ))}
      <Menu.Divider />
      <Menu.Item color="red" leftSection={<IconPlayerStop size={16} aria-hidden />} onClick={end}>
        End it now
      </Menu.Item>
    </RowMenu>
  )
}
