import { expect, it } from 'vitest'
import { newSecret } from './methods'
import { snippet } from './snippet'

const url = 'https://hub.example/api/v1/ingest/src_1'

it.each([
  [{ method: 'bearer' }, `SECRET='s3'\ncurl '${url}' --json @body.json -H "Authorization: Bearer $SECRET"`],
  [{ method: 'none' }, `curl '${url}' --json @body.json`],
  [{ method: 'api_key' }, `curl '${url}' --json @body.json -H "X-API-Key: $TOCSIN_KEY"`],
  [
    { method: 'header', header: 'X-Token' },
    `SECRET='s3'\ncurl '${url}' --json @body.json -H 'X-Token: '"$SECRET"`,
  ],
  [
    { method: 'hmac', header: 'X-Signature', prefix: 'sha256=' },
    `SECRET='s3'\nS=$(cat body.json | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)\ncurl '${url}' --json @body.json -H 'X-Signature: sha256='"$S"`,
  ],
  [
    { method: 'hmac', header: 'X-S', timestamp_header: 'X-T', signed: 'timestamp:body', encoding: 'base64' },
    `SECRET='s3'\nT=$(date +%s); S=$((printf %s: $T; cat body.json) | openssl dgst -sha256 -hmac "$SECRET" -binary | base64)\ncurl '${url}' --json @body.json -H 'X-T: '"$T" \\\n  -H 'X-S: '"$S"`,
  ],
])('%j', (auth, wanted) => expect(snippet({ url, secret: 's3', auth })).toBe(wanted))

it('keeps what it is given inside its quotes', () => {
  expect(snippet({ url, secret: "a'; rm -rf ~'", auth: { method: 'bearer' } })).toContain(
    `SECRET='a'\\''; rm -rf ~'\\'''`,
  )
})

it('leaves a place for a secret that is not known', () => {
  expect(snippet({ url, auth: { method: 'bearer' } })).toMatch(/^SECRET=…\n/)
})

it('makes secrets in the form that the method wants', () => {
  const bytes = new Uint8Array(32).fill(255)
  expect(newSecret('hmac', bytes)).toBe('ff'.repeat(32))
  expect(newSecret('standard_webhooks', bytes)).toBe('whsec_//////////////////////////////////////////8=')
  expect(newSecret('bearer')).not.toBe(newSecret('bearer'))
})
