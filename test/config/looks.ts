import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../../src/config/config-error.ts'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'
import { withFile } from '../../src/config/test-load.ts'
import { http } from '../support/http.ts'
import { startRegistry, type RegistryKind, type RunningRegistry } from '../support/registry-process.ts'

/** What a configuration makes of a registry, as one looks at it: JSON; or that it does not start. */
export type Seen = unknown

export const refused: Seen = 'refused'

/** One effect of a configuration: how it shows in a running Distribution, and in Berth's own reading. */
export interface Look {
  readonly atDistribution: (registry: RunningRegistry) => Promise<Seen>
  readonly atBerth: (config: Config) => Seen
}

/** Fields that every line of the log has. */
const standing: ReadonlySet<string> = new Set([
  'go.version',
  'instance.id',
  'level',
  'msg',
  'time',
  'version',
])

/** What was added to the lines of the log, with its types. */
export const fields: Look = {
  atDistribution: (registry) => {
    for (const line of registry.output().split('\n')) {
      if (!line.startsWith('{')) continue
      const entry = JSON.parse(line) as Readonly<Record<string, unknown>>
      if (!String(entry['msg']).startsWith('listening on')) continue
      return Promise.resolve(Object.fromEntries(Object.entries(entry).filter(([key]) => !standing.has(key))))
    }
    throw new Error(`no line of the log says that it listens\n${registry.output()}`)
  },
  atBerth: (config) => config.log.fields,
}

/** The header X-Test of answers: all its values, in one text. */
export const header: Look = {
  atDistribution: async ({ url }) => (await http('GET', `${url}/v2/`)).headers['x-test'],
  atBerth: ({ http: { headers } }) =>
    Object.entries(headers)
      .find(([name]) => name.toLowerCase() === 'x-test')?.[1]
      .join(', '),
}

/** Whether writes are refused. */
export const readOnly: Look = {
  atDistribution: async ({ url }) => (await http('POST', `${url}/v2/a/blobs/uploads/`)).status === 405,
  atBerth: (config) => config.storage.maintenance.readonly.enabled,
}

const nothing = `sha256:${'0'.repeat(64)}`

/** Whether deletes are allowed. */
export const deletes: Look = {
  atDistribution: async ({ url }) =>
    (await http('DELETE', `${url}/v2/a/manifests/${nothing}`)).status !== 405,
  atBerth: (config) => config.storage.delete.enabled,
}

/** Whether an upload leaves anything in the folder of the file's storage. */
export const onDisk: Look = {
  atDistribution: async ({ url, root }) => {
    await http('POST', `${url}/v2/a/blobs/uploads/`)
    return existsSync(join(root, 'docker'))
  },
  atBerth: (config) => config.storage.driver.name === 'filesystem',
}

/** Whether addresses in answers are relative. */
export const relative: Look = {
  atDistribution: async ({ url }) =>
    (await http('POST', `${url}/v2/a/blobs/uploads/`)).headers['location']?.startsWith('/'),
  atBerth: (config) => config.http.relativeurls,
}

/** Files that health checks look for. */
export const checkedFiles: Look = {
  atDistribution: (registry) => {
    const found = registry.output().matchAll(/configuring file health check path=([^, "]*)/g)
    return Promise.resolve([...new Set([...found].map(([, path]) => path))])
  },
  atBerth: (config) => config.health.file.map(({ file }) => file),
}

export interface Configuration {
  /** Of the file, beside what every file has. */
  readonly config: Readonly<Record<string, unknown>>
  /** `log.fields` of the file. */
  readonly fields: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string>>
}

/** Starts a Distribution and looks at it. */
export async function seenAtDistribution(
  kind: Exclude<RegistryKind, 'berth'>,
  { config, fields: given, env }: Configuration,
  look: Look,
): Promise<Seen> {
  let registry: RunningRegistry
  try {
    registry = await startRegistry({
      kind,
      config: { ...config, log: { formatter: 'json', fields: given } },
      env,
    })
  } catch (error) {
    if (/ended with .* before it was ready/.test(String(error))) return refused
    throw error
  }
  try {
    return await look.atDistribution(registry)
  } finally {
    await registry.stop()
  }
}

/** Looks at what Berth reads. */
export function seenAtBerth({ config, fields: given, env }: Configuration, look: Look): Seen {
  const { storage, ...sections } = config
  const file = {
    version: '0.1',
    storage: { filesystem: { rootdirectory: '/a' }, ...(storage as object | undefined) },
    log: { fields: given },
    ...sections,
  }
  try {
    const loaded = withFile(JSON.stringify(file), (path) => loadConfig({ file: path, env }))
    return look.atBerth(loaded.config)
  } catch (error) {
    if (error instanceof ConfigError) return refused
    throw error
  }
}
