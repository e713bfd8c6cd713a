import { checkRules } from '../access/check-rules.ts'
import { accessRules } from '../config/access-rules.ts'
import type { LoadedConfig } from '../config/load.ts'

/** What `serve` warns of at its start: rules that cannot be meant so. Groups of a file are not looked at. */
export function rulesAdvice({
  config: { access, auth },
  sources,
}: Pick<LoadedConfig, 'config' | 'sources'>): readonly string[] {
  const hasClaims = auth.name === 'token'
  return checkRules(accessRules(access, sources), { groups: access.groups, hasClaims })
}
