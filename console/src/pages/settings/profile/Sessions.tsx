import { Button, Group, Text, ThemeIcon } from '@mantine/core'
import { IconDeviceDesktop, IconDeviceMobile } from '@tabler/icons-react'
import { confirm } from '@/act/confirm'
import { done, failed } from '@/act/notify'
import { api, type Schemas } from '@/api/client'
import { Ago } from '@/text/Ago'
import { Dots } from '@/text/Dots'
import { EventText } from '@/text/EventText'
import { count } from '@/text/number'
import { State } from '@/text/State'
import { deviceOf } from './device'
import classes from './Profile.module.css'

const end = (id: string) => api.DELETE('/api/v1/me/sessions/{id}', { params: { path: { id } } })

/** Sessions lists where somebody is signed in, and ends sessions. */
export function Sessions({ sessions, changed }: { sessions: Schemas['Session'][]; changed: () => void }) {
  const others = sessions.filter((session) => !session.current)
  const endOne = async (id: string) => {
    try {
      await end(id)
      changed()
      done('The session has ended.')
    } catch (thrown) {
      failed('Ending the session', thrown)
    }
  }
  const endOthers = () =>
    confirm({
      title: `End ${count(others.length, 'other session')}?`,
      text: 'Everywhere but in this browser you have to sign in again.',
      verb: 'End them',
      danger: true,
      act: async () => {
        try {
          for (const session of others) await end(session.id)
        } finally {
          changed()
        }
        done('All other sessions have ended.')
      },
    })
  return (
    <>
      {sessions.map((session) => {
        const device = deviceOf(session.user_agent)
        const Picture = device.mobile ? IconDeviceMobile : IconDeviceDesktop
        return (
          <div key={session.id} className={classes.session}>
            <ThemeIcon variant="light" color="gray" size={34} aria-hidden>
              <Picture size={18} />
            </ThemeIcon>
            <div style={{ flex: 1, minWidth: 0 }}>
              <Group gap={8}>
                <Text size="sm" fw={600} title={session.user_agent}>
                  <EventText inherit>{device.name}</EventText>
                </Text>
                {session.current && <State value="this one" tone="good" />}
                {session.strong && <State value="with second factor" tone="busy" />}
              </Group>
              <Text size="xs" c="dimmed" component="div">
                <Dots>
                  <span className="mono">{session.address}</span>
                  <span>
                    used <Ago time={session.last_seen_at} inherit />
                  </span>
                  <span>
                    started <Ago time={session.created_at} inherit />
                  </span>
                  <span>
                    expires <Ago time={session.expires_at} inherit />
                  </span>
                </Dots>
              </Text>
            </div>
            {!session.current && (
              <Button size="compact-sm" variant="default" onClick={() => void endOne(session.id)}>
                End
              </Button>
            )}
          </div>
        )
      })}
      {others.length > 0 && (
        <Group p="sm" justify="flex-end" style={{ borderTop: '1px solid var(--tocsin-line)' }}>
          <Button size="xs" variant="default" onClick={endOthers}>
            End all others
          </Button>
        </Group>
      )}
    </>
  )
}
