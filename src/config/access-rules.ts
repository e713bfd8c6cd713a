import { parseImmutable, parseWho, type ImmutablePattern, type Who } from './access-grammar.ts'
import type { AccessConfig, AllowWord } from './access.ts'
import { describeSource, type Source } from './source.ts'

/** A rule with its words understood. */
export interface AccessRule {
  readonly who: readonly Who[]
  readonly repositories: readonly string[]
  readonly allow: readonly Exclude<AllowWord, 'all'>[]
  /** Of pushes that set a tag; empty: any. */
  readonly tags: readonly string[]
  /** Its key: `access.rules[2]`. */
  readonly key: string
  /** Where it stands: `config.yml:12:7`, a variable, or its key when nobody knows. */
  readonly place: string
}

/** @param sources of the loaded configuration */
export function accessRules(
  { rules }: AccessConfig,
  sources: ReadonlyMap<string, Source>,
): readonly AccessRule[] {
  return rules.map(({ who, repositories, allow, tags = [] }, index) => {
    const key = `access.rules[${index}]`
    const source = sources.get(key)
    return {
      who: who.map(parseWho).filter((one) => one !== undefined),
      repositories,
      allow: allow.flatMap((word) => (word === 'all' ? (['pull', 'push', 'delete', 'list'] as const) : word)),
      tags,
      key,
      place: source === undefined || source.kind === 'default' ? key : describeSource(source),
    }
  })
}

export function immutablePatterns({ immutable }: AccessConfig): readonly ImmutablePattern[] {
  return immutable.map(parseImmutable).filter((one) => one !== undefined)
}
