import { $api, type Schemas } from '@/api/client'

/** Responder is an integration that can block, and how it is doing. */
export type Responder = Schemas['Responder']

/** respondersPath is where they are read. */
export const respondersPath = '/api/v1/responders'

/** useResponders reads the account's responders; there are few. */
export const useResponders = () => $api.useQuery('get', respondersPath, { params: { query: { limit: 500 } } })
