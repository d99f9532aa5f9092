import { SimpleGrid, Text } from '@mantine/core'
import { Panel } from '@/page/Panel'
import { roles } from './roles'

/** RolesPanel explains the roles. */
export function RolesPanel() {
  return (
    <Panel title="What roles may do">
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 5 }} spacing="md">
        {roles.map((role) => (
          <div key={role.name}>
            <Text size="sm" fw={600}>
              {role.title}
            </Text>
            <Text size="sm" c="dimmed">
              {role.may}
            </Text>
          </div>
        ))}
      </SimpleGrid>
    </Panel>
  )
}
