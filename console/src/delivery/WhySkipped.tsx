import { $api } from '@/api/client'
import { PageLink } from '@/link/PageLink'
import { Ago } from '@/text/Ago'
import { leftOut } from './leftOut'
import { type Delivery, statusMeaning } from './words'

/** mostLooked is how many of the newest that noise control left out are looked at: as many as the API gives at once. */
const mostLooked = 500

/** WhySkipped says why a delivery was left out, as far as the hub still knows it of this one. */
export function WhySkipped({ row }: { row: Delivery }) {
  const { data } = $api.useQuery('get', '/api/v1/integrations/{id}/held', {
    params: { path: { id: row.integration }, query: { limit: mostLooked } },
  })
  const held = data?.items.find(({ delivery }) => delivery === row.id)
  if (!held) return statusMeaning(row.status)
  return (
    <>
      {leftOut[held.reason].sentence}
      {held.until && (
        <>
          {' '}
          It holds until <Ago time={held.until} inherit />.
        </>
      )}{' '}
      {held.silence && (
        <PageLink to="/settings/silences" search={{ open: held.silence }}>
          The silence
        </PageLink>
      )}
    </>
  )
}
