import { Group, Radio, Stack, Text } from '@mantine/core'
import { useMe } from '@/session/me'
import { mayGive, roles } from './roles'
import classes from './Users.module.css'

/** RoleChoice chooses a role by what it may do. */
export function RoleChoice({
  value,
  onChange,
  error,
  disabled,
}: {
  value: string
  onChange: (role: string) => void
  error?: React.ReactNode
  disabled?: boolean
}) {
  const me = useMe()
  return (
    <Radio.Group label="Role" value={value} onChange={onChange} error={error}>
      <Stack gap={6} mt={4}>
        {roles.map((role) => {
          const allowed = mayGive(me.role, role.name)
          return (
            <Radio.Card
              key={role.name}
              value={role.name}
              disabled={disabled || !allowed}
              className={classes.role}
              aria-label={role.title}
            >
              <Group wrap="nowrap" align="flex-start" gap="sm">
                <Radio.Indicator disabled={disabled || !allowed} />
                <div>
                  <Text size="sm" fw={600}>
                    {role.title}
                  </Text>
                  <Text size="xs" c="dimmed">
                    {role.may}
                    {!allowed && ' Only an owner gives this role.'}
                  </Text>
                </div>
              </Group>
            </Radio.Card>
          )
        })}
      </Stack>
    </Radio.Group>
  )
}
