import { api, type Schemas } from '@/api/client'
import { pageSize, usePages } from '@/table/pages'

export type IncidentAlert = Schemas['IncidentAlert']

/** incidentAlertsPath is where the alerts under an incident are. */
export const incidentAlertsPath = '/api/v1/incidents/{number}/alerts'

/** useIncidentAlerts reads the alerts under an incident. */
export function useIncidentAlerts(number: string) {
  return usePages<IncidentAlert, { items: IncidentAlert[]; next?: string }>(
    ['get', incidentAlertsPath, number],
    async (cursor, signal) => {
      const params = { path: { number }, query: { limit: pageSize, ...(cursor ? { cursor } : {}) } }
      return (await api.GET(incidentAlertsPath, { params, signal })).data ?? { items: [] }
    },
  )
}
