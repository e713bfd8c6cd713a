import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { distributionLayout } from './distribution-layout.ts'
import { describePath } from './path.ts'
import { referenceKeys } from './reference.ts'
import { access } from './schema/access.ts'
import { audit } from './schema/audit.ts'
import { auth } from './schema/auth.ts'
import { health } from './schema/health.ts'
import { http } from './schema/http.ts'
import { log } from './schema/log.ts'
import { middleware } from './schema/middleware.ts'
import { redis } from './schema/redis.ts'
import { storage } from './schema/storage.ts'

// The schema says what values are allowed, the layout which keys there are: neither may know a key that the other does not.

const sections = { log, storage, middleware, http, health, auth, access, audit, redis }

/** Of the other sections, which are small and stand in schema.ts itself. */
const others = [
  'version',
  'loglevel',
  'workers',
  'catalog.maxentries',
  'tags.maxtags',
  'validation.disabled',
  'validation.enabled',
]

/** In the layout alone: accepted, and without effect, or another name of a section. */
const idle = [
  'storage.filesystem.useragent',
  'storage.inmemory.useragent',
  'auth.none',
  'storage.s3aws',
  'storage.azure.connectionstring',
]

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly items?: JsonSchema
  readonly anyOf?: readonly JsonSchema[]
}

/** Names of all keys that have no keys below them. */
function leavesOf(schema: JsonSchema, name: string): readonly string[] {
  if (schema.items?.properties !== undefined) return leavesOf(schema.items, `${name}[0]`)
  // One that may also be null.
  const { properties = {} } = schema.anyOf?.[0] ?? schema
  const inner = Object.entries(properties)
  return inner.length === 0 ? [name] : inner.flatMap(([key, below]) => leavesOf(below, `${name}.${key}`))
}

describe('the schema and the layout', () => {
  const inSchema = new Set([
    ...others,
    ...Object.entries(sections).flatMap(([name, section]) =>
      leavesOf(z.toJSONSchema(section, { io: 'input', unrepresentable: 'any' }) as JsonSchema, name),
    ),
  ])
  const keys = referenceKeys(distributionLayout)
  const inLayout = new Set(keys.map(({ path }) => describePath(path)))

  it('are read', () => {
    assert.ok(inSchema.size > 60, `${inSchema.size} keys`)
    assert.ok(inSchema.has('health.http[0].statuscode'))
  })

  it('have all keys of the schema in the layout', () => {
    assert.deepEqual(
      // The keys of a section's other name are those of the section.
      [...inSchema].filter((name) => !inLayout.has(name) && !name.startsWith('storage.s3aws.')),
      [],
    )
  })

  it('have all keys of the layout that are available in the schema', () => {
    const available = keys.filter(({ availability }) => availability.kind === 'here')
    const names = available.map(({ path }) => describePath(path))
    const leaves = names.filter(
      (name) => !names.some((other) => /^[.[]/.test(other.slice(name.length)) && other.startsWith(name)),
    )
    assert.deepEqual(
      leaves.filter((name) => !inSchema.has(name) && !idle.includes(name)),
      [],
    )
  })
})
