import { whsec } from '@/form/whsec'
/** Method is a way in which a sender proves itself. */
export interface Method {
  name: string
  title: string
  /** about is what the request carries. */
  about: string
  /** secret says what the secret is called; without it the method has none. */
  secret?: string
  /** fields are what else it wants, as the API names it. */
  fields: MethodField[]
  /** needed are those of the fields that may not be empty. */
  needed?: MethodField[]
}

export type MethodField =
  | 'username'
  | 'header'
  | 'algorithm'
  | 'encoding'
  | 'prefix'
  | 'timestamp_header'
  | 'signed'
  | 'tolerance'
  | 'ca_bundle'
  | 'subject'

/** methods are all ways of proof, the strongest first. */
export const methods: Method[] = [
  {
    name: 'standard_webhooks',
    title: 'Standard Webhooks signature',
    about: 'The body, an id and the time are signed: webhook-id, webhook-timestamp, webhook-signature.',
    secret: 'Signing secret',
    fields: ['tolerance'],
  },
  {
    name: 'github',
    title: 'GitHub signature',
    about: 'The body is signed: X-Hub-Signature-256, with X-GitHub-Delivery.',
    secret: 'Signing secret',
    fields: [],
  },
  {
    name: 'tocsin',
    title: 'Signature of another Tocsin',
    about: 'X-Tocsin-Signature and X-Tocsin-Delivery, as the webhook integration of another hub sends them.',
    secret: 'Signing secret',
    fields: ['tolerance'],
  },
  {
    name: 'hmac',
    title: 'HMAC signature in a header',
    about: 'The body, and best a time with it, is signed with a shared secret.',
    secret: 'Signing secret',
    fields: ['header', 'timestamp_header', 'algorithm', 'encoding', 'prefix', 'signed', 'tolerance'],
    needed: ['header'],
  },
  {
    name: 'mtls',
    title: 'TLS client certificate',
    about: 'The sender shows a certificate of an authority that you name. The hub itself must serve TLS.',
    fields: ['ca_bundle', 'subject'],
    needed: ['ca_bundle'],
  },
  {
    name: 'bearer',
    title: 'Bearer token',
    about: 'Authorization: Bearer <token>',
    secret: 'Token',
    fields: [],
  },
  {
    name: 'basic',
    title: 'User name and password',
    about: 'Authorization: Basic …',
    secret: 'Password',
    fields: ['username'],
    needed: ['username'],
  },
  {
    name: 'header',
    title: 'Secret in a header',
    about: 'A header that you name holds the secret as it is.',
    secret: 'Secret',
    fields: ['header'],
    needed: ['header'],
  },
  {
    name: 'api_key',
    title: 'API key of this account',
    about: 'X-API-Key, or the key as a bearer token. The key needs the scope events:write.',
    fields: [],
  },
  {
    name: 'none',
    title: 'Nothing',
    about: 'Whoever knows the address may send. Only for tools that can prove nothing at all.',
    fields: [],
  },
]

/** methodOf finds a way of proof by its name. */
export const methodOf = (name: string): Method | undefined => methods.find((method) => method.name === name)

/** newSecret makes a secret for a method: 32 bytes of the browser's random source, in the form that the method wants. */
export function newSecret(
  method: string,
  bytes: Uint8Array = crypto.getRandomValues(new Uint8Array(32)),
): string {
  if (method === 'standard_webhooks' || method === 'tocsin') return whsec(bytes)
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
