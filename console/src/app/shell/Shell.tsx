import { AppShell, Burger, Group, ScrollArea } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'
import { JobTray } from '@/jobs/JobTray'
import { GoKeys } from '@/keys/GoKeys'
import { KeysHelp } from '@/keys/KeysHelp'
import { LiveProvider } from '@/live/LiveProvider'
import { SessionDialog } from '@/session/SessionDialog'
import { AccountMenu } from './AccountMenu'
import { ActingNotice } from './ActingNotice'
import { Announcer } from './Announcer'
import { Brand } from './Brand'
import { ClockNote } from './ClockNote'
import { LiveMark } from './LiveMark'
import { Navigation } from './Navigation'
import { Search, SearchButton } from './Search'
import classes from './Shell.module.css'
import { StoppedNotice } from './StoppedNotice'

/** Shell is the frame around every page: the navigation, the search, who is signed in, and whether what is shown is live. */
export function Shell() {
  const [opened, { toggle, close }] = useDisclosure()
  const path = useRouterState({ select: (state) => state.location.pathname })
  // On a small screen the navigation covers the page: whoever has chosen wants to see it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is what the effect waits for
  useEffect(close, [path])
  return (
    <LiveProvider>
      <a href="#main" className={classes.skip}>
        Skip to the page
      </a>
      <AppShell
        header={{ height: 52 }}
        navbar={{ width: 216, breakpoint: 'sm', collapsed: { mobile: !opened } }}
        classNames={{ header: classes.header, navbar: classes.navbar, main: classes.main }}
      >
        <AppShell.Header>
          <Group h="100%" px="md" justify="space-between" wrap="nowrap" gap="sm">
            <Group gap="sm" wrap="nowrap">
              <Burger
                opened={opened}
                onClick={toggle}
                hiddenFrom="sm"
                size="sm"
                aria-label="Navigation"
                aria-expanded={opened}
              />
              <Brand />
            </Group>
            <SearchButton />
            <Group gap="xs" wrap="nowrap">
              <ClockNote />
              <LiveMark />
              <AccountMenu />
            </Group>
          </Group>
        </AppShell.Header>
        <AppShell.Navbar aria-label="Pages">
          <AppShell.Section grow component={ScrollArea} type="never">
            <Navigation />
          </AppShell.Section>
        </AppShell.Navbar>
        <AppShell.Main id="main" tabIndex={-1}>
          <ActingNotice />
          <StoppedNotice />
          <Outlet />
        </AppShell.Main>
      </AppShell>
      <Announcer />
      <JobTray />
      <Search />
      <GoKeys />
      <KeysHelp />
      <SessionDialog />
    </LiveProvider>
  )
}
