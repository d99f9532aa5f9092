import { ActionIcon, Button, SegmentedControl } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconListCheck, IconSend } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Page } from '@/page/Page'
import { SendSample } from '@/sample/SendSample'
import { useCan } from '@/session/me'
import { Failure } from '@/state/Failure'
import { statsQuery } from '@/stats/statsQuery'
import { AlertPanels } from './AlertPanels'
import { Charts } from './Charts'
import { FirstSteps } from './FirstSteps'
import { firstSteps, useFirstRun } from './firstRun'
import { HubHealth } from './HubHealth'
import { IntegrationsHealth } from './IntegrationsHealth'
import { Ledger } from './Ledger'
import classes from './Overview.module.css'
import { Tiles } from './Tiles'
import { usePulse } from './usePulse'
import { asWindow, type PulseWindow, windows } from './window'

/** OverviewPage is the hub at one glance: what goes through it, whether anything was lost, what is wrong. */
export function OverviewPage() {
  const { window = '1h' } = useSearch({ from: '/shell/' })
  const navigate = useNavigate()
  const deliveries = useCan('deliveries:read')
  const alerts = useCan('alerts:read')
  const write = useCan('events:write')
  const stats = useQuery({ ...statsQuery(), enabled: deliveries })
  const { choice, hide, show } = useFirstRun()
  const [sending, { open, close }] = useDisclosure()
  const first = firstSteps(choice, stats.data?.integrations)
  const choose = (value: string) =>
    void navigate({ to: '/', search: { window: asWindow(value) ?? '1h' }, replace: true })
  return (
    <Page
      title="Overview"
      actions={
        <>
          {!first && (
            <>
              <ActionIcon
                variant="default"
                size={36}
                onClick={show}
                aria-label="First steps"
                title="First steps"
                hiddenFrom="sm"
              >
                <IconListCheck size={16} aria-hidden />
              </ActionIcon>
              <Button
                variant="subtle"
                onClick={show}
                leftSection={<IconListCheck size={16} aria-hidden />}
                visibleFrom="sm"
              >
                First steps
              </Button>
            </>
          )}
          {write && !first && (
            <Button variant="default" onClick={open} leftSection={<IconSend size={16} aria-hidden />}>
              Send a sample
            </Button>
          )}
          {deliveries && (
            <SegmentedControl
              aria-label="How far back"
              data={[...windows]}
              value={window}
              onChange={choose}
            />
          )}
        </>
      }
    >
      {first && <FirstSteps hide={hide} send={open} />}
      {deliveries ? <Pulse window={window} alerts={alerts} /> : <Tiles pulse={undefined} lines={undefined} />}
      {alerts && !deliveries && <AlertPanels />}
      <SendSample opened={sending} close={close} />
    </Page>
  )
}

function Pulse({ window, alerts }: { window: PulseWindow; alerts: boolean }) {
  const { query, lines, sparks } = usePulse(window)
  return (
    <>
      <Tiles pulse={query.data} lines={lines} failed={query.isError && !query.data} />
      {query.error && !query.data ? (
        <Failure error={query.error} retry={() => void query.refetch()} />
      ) : (
        <Charts lines={lines} window={window} />
      )}
      {alerts && <AlertPanels />}
      <Ledger />
      <div className={classes.wide}>
        <IntegrationsHealth sparks={sparks} window={window} />
        <HubHealth />
      </div>
    </>
  )
}
