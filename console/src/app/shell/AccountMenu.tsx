import {
  ActionIcon,
  Avatar,
  Group,
  type MantineColorScheme,
  Menu,
  Text,
  UnstyledButton,
  useMantineColorScheme,
} from '@mantine/core'
import {
  IconDeviceDesktop,
  IconLogout,
  IconMoon,
  IconSun,
  IconUser,
  IconUsersGroup,
} from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { failed } from '@/act/notify'
import { api } from '@/api/client'
import { forgetAccount } from '@/session/account'
import { useMe } from '@/session/me'
import { tellTabs } from '@/session/tabs'

/** AccountMenu is about whoever is signed in: their profile, the theme, signing out. */
export function AccountMenu() {
  const me = useMe()
  const navigate = useNavigate()
  const queries = useQueryClient()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const signOut = async () => {
    try {
      await api.DELETE('/api/v1/session')
    } catch (thrown) {
      failed('Signing out', thrown)
      return
    }
    tellTabs('out')
    forgetAccount()
    queries.clear()
    await navigate({ to: '/sign-in', search: {} })
  }
  const schemes = [
    { value: 'light', label: 'Light', icon: IconSun },
    { value: 'dark', label: 'Dark', icon: IconMoon },
    { value: 'auto', label: 'As the system', icon: IconDeviceDesktop },
  ] as const
  return (
    <Menu position="bottom-end" width={240} shadow="md" withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon
          component={UnstyledButton}
          variant="transparent"
          size="lg"
          radius="xl"
          aria-label={`Account menu of ${me.name}`}
        >
          <Avatar size={30} radius="xl" color="bell" name={me.name} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          <Text size="sm" fw={600} truncate c="bright">
            {me.name}
          </Text>
          <Text size="xs" c="dimmed">
            {me.role || 'API key'} · {me.home}
          </Text>
        </Menu.Label>
        <Menu.Item leftSection={<IconUser size={16} aria-hidden />} component={Link} to="/settings/profile">
          Your profile and sessions
        </Menu.Item>
        <Menu.Item
          leftSection={<IconUsersGroup size={16} aria-hidden />}
          component={Link}
          to="/settings/accounts"
        >
          Accounts
        </Menu.Item>
        <Menu.Divider />
        <Menu.Label>Theme</Menu.Label>
        <Menu.RadioGroup
          aria-label="Theme"
          value={colorScheme}
          onChange={(value) => setColorScheme(value as MantineColorScheme)}
        >
          {schemes.map(({ value, label, icon: Picture }) => (
            <Menu.RadioItem key={value} value={value} closeMenuOnClick={false}>
              <Group gap={8}>
                <Picture size={16} aria-hidden />
                {label}
              </Group>
            </Menu.RadioItem>
          ))}
        </Menu.RadioGroup>
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} aria-hidden />} onClick={() => void signOut()}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
