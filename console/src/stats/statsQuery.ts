import { $api } from '@/api/client'

/** statsQuery counts what became of the account's events, in all and at each integration. */
export const statsQuery = () => $api.queryOptions('get', '/api/v1/stats')
