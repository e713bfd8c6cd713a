import type { DriverOptions } from './create-driver.ts'
import { folderFacts, inGib } from './filesystem/facts.ts'

/** Where a store is and what can be seen of it without using it, for an operator. */
export interface StoreDescription {
  /** One line without secrets. */
  readonly place: string
  /** Such as the free space, by name. */
  readonly facts: Readonly<Record<string, string | number>>
  /** Each one line: what is doubtful. */
  readonly warnings: readonly string[]
}

export async function describeStore(options: DriverOptions): Promise<StoreDescription> {
  if (options.kind === 'filesystem') return await describeFolder(options.rootDirectory)
  const fields: Readonly<Record<string, unknown>> = { ...options }
  const where = ['bucket', 'container', 'region', 'endpoint', 'rootDirectory'].flatMap((name) => {
    const value = fields[name]
    return typeof value === 'string' && value !== '' ? [`${name} ${withoutSecrets(value)}`] : []
  })
  const warnings =
    options.kind === 'inmemory' ? ['it is lost when the process ends, and no other process sees it'] : []
  return { place: where.length === 0 ? 'memory of one process' : where.join(', '), facts: {}, warnings }
}

async function describeFolder(root: string): Promise<StoreDescription> {
  const { free, size, owner, warnings } = await folderFacts(root)
  return {
    place: root,
    facts: {
      'free space': `${inGib(free)} of ${inGib(size)} GiB`,
      ...(owner && { owner: `user ${owner.user}, group ${owner.group}, mode ${owner.mode}` }),
      ...(process.getuid !== undefined && { 'this process': `user ${process.getuid()}` }),
    },
    warnings,
  }
}

/** An endpoint may hold a password. */
function withoutSecrets(text: string): string {
  if (!/^[a-z]+:\/\//i.test(text) || !URL.canParse(text)) return text.replace(/^[^@]*@/, '')
  return new URL(text).host
}
