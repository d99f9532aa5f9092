// Writes src/api/schema.d.ts from the API's document. With --check it writes nothing and fails when the file is stale.
import { readFile, writeFile } from 'node:fs/promises'
import openapiTS, { astToString } from 'openapi-typescript'

const document = new URL('../../internal/api/testdata/openapi.json', import.meta.url)
const target = new URL('../src/api/schema.d.ts', import.meta.url)

const header = '// Generated from the OpenAPI document by "npm run generate". Do not edit.\n\n'
// Only the shapes: the texts stand in the API's reference, and would make the file three times as long.
function shapes(node) {
  if (Array.isArray(node)) return node.map(shapes)
  if (node === null || typeof node !== 'object') return node
  const kept = Object.entries(node).filter(
    ([key, value]) =>
      !(['description', 'summary', 'example', 'examples', 'title'].includes(key) && !isSchema(value)),
  )
  return Object.fromEntries(kept.map(([key, value]) => [key, shapes(value)]))
}

// A property may itself be called description.
const isSchema = (value) =>
  typeof value === 'object' && value !== null && ('type' in value || '$ref' in value)

const text =
  header +
  astToString(
    await openapiTS(shapes(JSON.parse(await readFile(document, 'utf8'))), { defaultNonNullable: false }),
  )

if (process.argv.includes('--check')) {
  const have = await readFile(target, 'utf8').catch(() => '')
  if (have !== text) {
    process.stderr.write(
      'console/src/api/schema.d.ts is stale: run "npm run generate" in console/ and commit it\n',
    )
    process.exit(1)
  }
} else {
  await writeFile(target, text)
}
