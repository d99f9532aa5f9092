import { Box, NavLink } from '@mantine/core'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { Problem } from '@/api/problem'
import { Back } from '@/page/Back'
import { can, useMe } from '@/session/me'
import { Failure } from '@/state/Failure'
import classes from './SettingsFrame.module.css'
import { settingsGroups } from './sections'

/** SettingsFrame is around every page of the settings: their navigation at the side, or a way back on a small screen. */
export function SettingsFrame() {
  const path = useRouterState({ select: (state) => state.location.pathname.replace(/\/$/, '') })
  const { scopes } = useMe()
  const place = settingsGroups.flatMap((group) => group.places).find((each) => each.path === path)
  const allowed = !place?.scopes || can(scopes, ...place.scopes)
  return (
    <Box className={classes.frame}>
      <Box component="nav" aria-label="Settings" className={classes.side}>
        {settingsGroups.map((group) => {
          const places = group.places.filter((each) => !each.scopes || can(scopes, ...each.scopes))
          if (places.length === 0) return null
          return (
            <div key={group.label} role="group" aria-label={group.label}>
              <div className={classes.caption} aria-hidden>
                {group.label}
              </div>
              {places.map(({ icon: Picture, ...each }) => (
                <NavLink
                  key={each.path}
                  component={Link}
                  to={each.path}
                  label={each.label}
                  active={each.path === path}
                  aria-current={each.path === path ? 'page' : undefined}
                  leftSection={<Picture size={16} stroke={1.7} aria-hidden />}
                  className={classes.link}
                />
              ))}
            </div>
          )
        })}
      </Box>
      <Box className={classes.content}>
        {place && (
          <div className={classes.back}>
            <Back to="/settings" label="Settings" />
          </div>
        )}
        {allowed ? <Outlet /> : <Forbidden label={place.label} />}
      </Box>
    </Box>
  )
}

function Forbidden({ label }: { label: string }) {
  return (
    <Failure
      error={new Problem(403, { detail: `Your role does not let you see “${label}”.` })}
      title="You may not see this"
    />
  )
}
