import { explain } from '../access/explain.ts'
import { explanationJson, explanationText } from '../access/explain-text.ts'
import { Groups } from '../access/groups.ts'
import { immutableTags } from '../access/immutable.ts'
import { Policy } from '../access/policy.ts'
import type { Subject } from '../access/rule.ts'
import { accessRules, immutablePatterns } from '../config/access-rules.ts'
import { ConfigError } from '../config/config-error.ts'
import { loadConfig } from '../config/load.ts'
import { placed } from '../config/placed.ts'
import { printable } from '../config/print.ts'
import { actions, type RepositoryAccess } from '../registry/access.ts'
import { isRepositoryName } from '../registry/name.ts'
import { isTag } from '../registry/reference.ts'
import type { Surroundings } from './config.ts'
import { rulesAdvice } from './rules-advice.ts'

export interface ExplainOptions {
  readonly defaults?: boolean
  readonly user?: string
  readonly anonymous?: boolean
  /** `NAME=VALUE`; several of one name are a list. */
  readonly claim?: readonly string[]
  readonly action?: string
  readonly repository?: string
  readonly tag?: string
  readonly json?: boolean
}

/** Something in the question that is wrong, as a line for the user. */
class Mistake extends Error {}

/**
 * `access explain`: whether somebody may do something, and which rule decides.
 *
 * @returns the exit code: 0 allowed, 1 denied, 2 when it cannot be said
 */
export async function explainAccess(
  file: string | undefined,
  options: ExplainOptions,
  surroundings: Surroundings,
): Promise<number> {
  try {
    const subject = subjectOf(options)
    const access = accessOf(options)
    const { policy, isImmutable } = await loadPolicy(file, options, surroundings)
    const explanation = { ...explain(policy, subject, access), isImmutable: isImmutable(access) }
    surroundings.out(
      options.json === true
        ? `${JSON.stringify(explanationJson(explanation, subject, access), undefined, 2)}\n`
        : explanationText(explanation, subject, access),
    )
    return explanation.decision.allowed ? 0 : 1
  } catch (error) {
    if (error instanceof ConfigError)
      for (const warning of error.warnings) surroundings.err(`warning: ${warning}\n`)
    else if (!(error instanceof Mistake)) throw error
    surroundings.err(`${error.message}\n`)
    return 2
  }
}

interface Rights {
  readonly policy: Policy
  /** Whether it sets a tag that never gets another manifest. */
  readonly isImmutable: (access: RepositoryAccess) => boolean
}

async function loadPolicy(
  file: string | undefined,
  { defaults }: ExplainOptions,
  { env, err }: Surroundings,
): Promise<Rights> {
  const { config, sources, warnings, ...loaded } = loadConfig({
    file,
    env,
    ...(defaults === true && { places: [] }),
  })
  for (const warning of warnings) err(`warning: ${warning}\n`)
  const { rules, groups, groupfile } = config.access
  if (rules.length === 0) {
    const place = loaded.file === undefined ? 'built-in defaults' : printable(loaded.file)
    throw new Mistake(`${place}: access.rules: there are none, so that whoever is let in may do everything`)
  }
  const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing }
  try {
    const typed = accessRules(config.access, sources)
    const members = await Groups.open({
      groups,
      log: silent,
      rules: typed,
      ...(groupfile !== undefined && { file: groupfile }),
    })
    for (const warning of rulesAdvice({ config, sources })) err(`warning: ${warning}\n`)
    const isImmutable = immutableTags(immutablePatterns(config.access))
    return {
      policy: new Policy(typed, members),
      isImmutable: ({ repository, tag }) => tag !== undefined && isImmutable(repository, tag),
    }
  } catch (error) {
    throw error instanceof Error ? new Mistake(placed(error.message, sources), { cause: error }) : error
  }
}

function nothing(): void {}

function subjectOf({ user, anonymous, claim = [] }: ExplainOptions): Subject {
  if (user === undefined && anonymous !== true && claim.length === 0)
    throw new Mistake('who asks? --user NAME, --claim NAME=VALUE or --anonymous')
  if (user === '') throw new Mistake('--user: found ""; allowed: a name; --anonymous is for nobody')
  const claims = new Map<string, readonly string[]>()
  for (const text of claim) {
    const equals = text.indexOf('=')
    if (equals < 1) throw new Mistake(`--claim: found ${JSON.stringify(text)}; allowed: NAME=VALUE`)
    const name = text.slice(0, equals)
    claims.set(name, [...(claims.get(name) ?? []), text.slice(equals + 1)])
  }
  return {
    ...(user !== undefined && { name: user }),
    ...(claims.size > 0 && { claims: Object.fromEntries(claims) }),
  }
}

function accessOf({ action, repository = '', tag }: ExplainOptions): RepositoryAccess {
  const known = actions.find((one) => one === action)
  if (known === undefined) throw new Mistake(`--action: ${found(action)}; allowed: ${actions.join(', ')}`)
  if (!isRepositoryName(repository))
    throw new Mistake(
      `--repository: ${found(repository)}; allowed: a name such as library/debian, in small letters`,
    )
  if (tag === undefined) return { kind: 'repository', repository, action: known }
  if (known !== 'push') throw new Mistake('--tag: only with --action push, for tags restrict nothing else')
  if (!isTag(tag)) throw new Mistake(`--tag: ${found(tag)}; allowed: a tag such as v1.2`)
  return { kind: 'repository', repository, action: known, tag }
}

function found(text: string | undefined): string {
  return text === undefined || text === '' ? 'missing' : `found ${JSON.stringify(text)}`
}
