import { Text } from '@mantine/core'
import { $api, type Schemas } from '@/api/client'
import { Panel } from '@/page/Panel'
import { Loaded } from '@/state/Loaded'
import { full } from '@/text/number'
import { monthName } from './limits'
import classes from './Plans.module.css'

/** UsageByMonth shows the events of the last months as bars. */
export function UsageByMonth({ account, limit }: { account: string; limit: number }) {
  const usage = $api.useQuery('get', '/api/v1/accounts/{name}/usage', {
    params: { path: { name: account }, query: { months: 12 } },
  })
  return (
    <Panel title="Events by month">
      <Loaded query={usage} lines={3}>
        {(list) =>
          list.items.length === 0 ? (
            <Text size="sm" c="dimmed">
              No event has come yet. The first month shows here with the first one.
            </Text>
          ) : (
            <Months months={list.items} limit={limit} />
          )
        }
      </Loaded>
    </Panel>
  )
}

function Months({ months, limit }: { months: Schemas['Usage'][]; limit: number }) {
  const most = Math.max(1, limit, ...months.map((month) => month.events + month.refused))
  const wide = (n: number) => ({ width: `${(n / most) * 100}%` })
  const over = months.some((month) => month.over > 0)
  const refused = months.some((month) => month.refused > 0)
  return (
    <>
      <ul className={classes.months}>
        {months.map((month) => (
          <li key={month.month} className={classes.month}>
            <Text size="sm">{monthName(month.month)}</Text>
            <div className={classes.track} aria-hidden>
              <span className={classes.bar} style={wide(month.events - month.over)} />
              <span className={classes.over} style={wide(month.over)} />
              <span className={classes.refused} style={wide(month.refused)} />
              {limit > 0 && <span className={classes.limit} style={{ left: `${(limit / most) * 100}%` }} />}
            </div>
            <Text size="sm" className="numbers" ta="right">
              {full(month.events)}
              {month.over > 0 && (
                <Text span size="xs" c="var(--tocsin-warn)">
                  {' '}
                  {full(month.over)} over
                </Text>
              )}
              {month.refused > 0 && (
                <Text span size="xs" c="var(--tocsin-bad)">
                  {' '}
                  {full(month.refused)} refused
                </Text>
              )}
            </Text>
          </li>
        ))}
      </ul>
      <Text size="xs" c="dimmed" mt="sm">
        Calendar months in UTC.
        {limit > 0 && ' The line is what the plan allows.'}
        {over && ' Over: accepted above the plan.'}
        {refused && ' Refused: because of the plan.'}
      </Text>
    </>
  )
}
