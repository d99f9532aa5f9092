import { Badge, Box, NavLink } from '@mantine/core'
import { Link, useRouterState } from '@tanstack/react-router'
import { can, useMe } from '@/session/me'
import { short } from '@/text/number'
import { useKeepHealth, useLiveHealth } from './health'
import { type Place, sections } from './navigation'
import classes from './Shell.module.css'

/** Navigation lists the pages that the signed-in person may see. */
export function Navigation() {
  useKeepHealth()
  const { scopes } = useMe()
  const seen = (place: Place) => !place.scopes || can(scopes, ...place.scopes)
  return (
    <Box px="sm" pb="md">
      {sections.map((section) => {
        const places = section.places.filter(seen)
        if (places.length === 0) return null
        return (
          <Box key={section.label} role="group" aria-label={section.label}>
            <div className={classes.caption} aria-hidden>
              {section.label}
            </div>
            {places.map((place) => (
              <PlaceLink key={place.path} place={place} />
            ))}
          </Box>
        )
      })}
    </Box>
  )
}

// What the figure beside a page means, for those who do not see where it stands.
const meaning: Record<NonNullable<Place['count']>, string> = {
  alerts_open: 'open',
  incidents_open: 'open',
  blocks_pending: 'waiting for approval',
  mailbox: 'failed for good',
  failing: 'failing',
}

function PlaceLink({ place }: { place: Place }) {
  const active = useRouterState({
    select: ({ location }) =>
      place.path === '/'
        ? location.pathname === '/'
        : location.pathname === place.path || location.pathname.startsWith(`${place.path}/`),
  })
  const health = useLiveHealth()
  const count = place.count ? (health?.[place.count] ?? 0) : 0
  const bad = place.count === 'mailbox' || place.count === 'failing'
  const Picture = place.icon
  return (
    <NavLink
      component={Link}
      to={place.path}
      label={place.label}
      active={active}
      aria-current={active ? 'page' : undefined}
      leftSection={<Picture size={18} stroke={1.7} aria-hidden />}
      rightSection={
        place.count && count > 0 ? (
          <Badge
            size="sm"
            radius="xl"
            variant={bad ? 'filled' : 'light'}
            color={bad ? 'red.9' : 'gray'}
            className="numbers"
            aria-label={`${count} ${meaning[place.count]}`}
            title={`${count.toLocaleString('en')} ${meaning[place.count]}`}
          >
            {short(count)}
          </Badge>
        ) : null
      }
      className={classes.link}
    />
  )
}
