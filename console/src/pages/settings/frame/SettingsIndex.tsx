import { Box, Text, ThemeIcon, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Page } from '@/page/Page'
import { can, useMe } from '@/session/me'
import classes from './SettingsFrame.module.css'
import { settingsGroups } from './sections'

/** SettingsIndex lists the pages of the settings with what each is for. */
export function SettingsIndex() {
  const { scopes, account } = useMe()
  return (
    <Page
      title="Settings"
      about={<>Of the account {account}. What your role does not allow is not listed.</>}
    >
      {settingsGroups.map((group) => {
        const places = group.places.filter((each) => !each.scopes || can(scopes, ...each.scopes))
        if (places.length === 0) return null
        return (
          <Box key={group.label} component="section">
            <Title order={2} fz="sm" c="dimmed" fw={600} mb={6}>
              {group.label}
            </Title>
            <div className={classes.places}>
              {places.map(({ icon: Picture, ...each }) => (
                <Link key={each.path} to={each.path} className={classes.place}>
                  <ThemeIcon variant="light" size={34} radius="md" aria-hidden>
                    <Picture size={19} stroke={1.7} />
                  </ThemeIcon>
                  <div>
                    <Text fw={600} size="sm">
                      {each.label}
                    </Text>
                    <Text size="sm" c="dimmed">
                      {each.about}
                    </Text>
                  </div>
                </Link>
              ))}
            </div>
          </Box>
        )
      })}
    </Page>
  )
}
