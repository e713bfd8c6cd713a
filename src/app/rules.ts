import type { Rule } from '../access/rule.ts'
import { parseWho } from '../config/access-grammar.ts'
import type { AccessRuleConfig } from '../config/access.ts'
import type { LoadedConfig } from '../config/load.ts'
import { describeSource } from '../config/source.ts'
import { actions } from '../registry/access.ts'

/** The rules of `access.rules`, each with the place where it stands. */
export function rulesOf(
  rules: readonly AccessRuleConfig[],
  sources: LoadedConfig['sources'],
): readonly Rule[] {
  return rules.map(({ who, repositories, allow, tags = [] }, index) => {
    const key = `access.rules[${index}]`
    const source = sources.get(`${key}.who[0]`)
    return {
      who: who.map(parseWho).filter((one) => one !== undefined),
      repositories,
      allow: allow.includes('all') ? actions : allow.filter((word) => word !== 'all'),
      tags,
      key,
      place: source === undefined || source.kind === 'default' ? key : describeSource(source),
    }
  })
}
