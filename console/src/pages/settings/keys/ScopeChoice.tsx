import { Checkbox, Stack, Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Schemas } from '@/api/client'
import { can, useMe } from '@/session/me'
import classes from './Keys.module.css'
import { byThing } from './scopes'

/** ScopeChoice chooses scopes, by what they are about. Nobody gives a scope that they do not have. */
export function ScopeChoice({
  scopes,
  value,
  onChange,
  error,
}: {
  scopes: Schemas['ScopeInfo'][]
  value: string[]
  onChange: (value: string[]) => void
  error?: ReactNode
}) {
  const me = useMe()
  return (
    <Checkbox.Group label="What it may do" withAsterisk value={value} onChange={onChange} error={error}>
      <Stack gap={0} mt={4} mb={4} className={classes.scopes}>
        {byThing(scopes).map((group) => (
          <div key={group.name} className={classes.group} role="group" aria-label={group.name}>
            <Text size="xs" fw={600} c="dimmed" className={classes.thing}>
              {group.name}
            </Text>
            <Stack gap={8}>
              {group.scopes.map(({ scope, help }) => (
                <Checkbox
                  key={scope}
                  size="sm"
                  value={scope}
                  disabled={!can(me.scopes, scope)}
                  label={<span className="mono">{scope}</span>}
                  description={can(me.scopes, scope) ? help : `${help} You do not have it yourself.`}
                />
              ))}
            </Stack>
          </div>
        ))}
      </Stack>
    </Checkbox.Group>
  )
}
