import { Badge, Tabs } from '@mantine/core'
import { useNavigate } from '@tanstack/react-router'

/** PlaceTabs leads from what is configured to what could be, and back. */
export function PlaceTabs({ value, configured }: { value: 'configured' | 'catalogue'; configured?: number }) {
  const navigate = useNavigate()
  return (
    <Tabs
      value={value}
      onChange={(to) =>
        void navigate({ to: to === 'catalogue' ? '/integrations/catalogue' : '/integrations', search: {} })
      }
    >
      <Tabs.List aria-label="Integrations">
        <Tabs.Tab
          value="configured"
          rightSection={
            configured !== undefined && (
              <Badge size="sm" variant="light" color="gray" circle={configured < 10}>
                {configured}
              </Badge>
            )
          }
        >
          Configured
        </Tabs.Tab>
        <Tabs.Tab value="catalogue">Catalogue</Tabs.Tab>
      </Tabs.List>
    </Tabs>
  )
}
