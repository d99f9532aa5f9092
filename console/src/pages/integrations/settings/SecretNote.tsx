import { Text } from '@mantine/core'
import type { Schemas } from '@/api/client'
import { Ago } from '@/text/Ago'
import { EventText } from '@/text/EventText'
import { useNow } from '@/text/time'
import { rotationNote, rotationOf } from '../list/rotation'

/** SecretNote says since when a secret is what it is, who set it, and by when the integration's are to be changed. */
export function SecretNote({
  age,
  rotateBy,
}: {
  age: Schemas['Integration']['secrets'][number] | undefined
  rotateBy: string
}) {
  const due = rotationOf(rotateBy, useNow())
  const color =
    due?.state === 'overdue' ? 'var(--tocsin-bad)' : due?.state === 'soon' ? 'var(--tocsin-warn)' : undefined
  return (
    <>
      {age && (
        <>
          set <Ago time={age.set_at} />
          {age.set_by && (
            <>
              {' by '}
              <EventText>{age.set_by}</EventText>
            </>
          )}
        </>
      )}
      {age && due && ' · '}
      {due && (
        <Text
          span
          inherit
          title={`to be changed by ${rotateBy}`}
          style={{ color }}
          fw={color ? 600 : undefined}
        >
          {rotationNote(due)}
        </Text>
      )}
    </>
  )
}
