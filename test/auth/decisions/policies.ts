/** A rule of `access.rules`, as the file has it. */
export interface Rule {
  readonly who: readonly string[]
  readonly repositories: readonly string[]
  readonly allow: readonly Allowed[]
  readonly tags?: readonly string[]
}

export type Allowed = 'pull' | 'push' | 'delete' | 'list' | 'all'

/** The rules of a registry. */
export interface Policy {
  readonly name: string
  readonly rules: readonly Rule[]
  /** How the registry knows who somebody is: by passwords, and tokens of its own, or by tokens of somebody else. */
  readonly access?: 'tokens'
  /**
   * Also those who bring no good credentials at all, whom the rules do not matter to; also methods that there are not; also
   * repositories that no rule is about.
   */
  readonly isThorough?: true
}

/** Repositories of these rules: `room`, which they differ about, and `shelf`, which the same people may pull. */
const room = ['room/**']
const shelf = ['shelf/**']

/** The one who may do everything, who fills the registry, and looks on. */
export const root = { name: 'root', password: 'root password' }
const rootRule: Rule = { who: [`user:${root.name}`], repositories: ['**'], allow: ['all'] }

const isFull = process.env['BERTH_FULL'] !== undefined

/** Every combination of the four rights, and of whom they are given to. */
export function allPolicies(): readonly Policy[] {
  return [
    { name: 'nobody may anything', rules: [rootRule], isThorough: true },
    ...subsets<Allowed>(['pull', 'push', 'delete', 'list'])
      // Who may push may pull: one of the two kinds will do, but in a full run.
      .filter((allow) => isFull || !allow.includes('pull') || !allow.includes('push'))
      .flatMap((allow) => ['anonymous', 'user:alice'].map((who) => one(who, allow))),
    ...([['pull'], ['push', 'list'], ['all']] as const satisfies readonly (readonly Allowed[])[]).flatMap(
      (allow) => ['authenticated', 'group:crew'].map((who) => one(who, allow)),
    ),
    {
      name: 'everybody pulls, alice pushes',
      rules: [
        rootRule,
        { who: ['user:alice'], repositories: room, allow: ['push', 'delete', 'list'] },
        { who: ['anonymous'], repositories: [...room, ...shelf], allow: ['pull', 'list'] },
      ],
      isThorough: true,
    },
    {
      name: 'the first rule decides alone',
      rules: [
        rootRule,
        { who: ['user:alice'], repositories: room, allow: ['list'] },
        { who: ['authenticated'], repositories: room, allow: ['all'] },
        { who: ['anonymous'], repositories: ['**'], allow: ['pull'] },
      ],
    },
    {
      name: 'pushes of some tags',
      rules: [
        rootRule,
        { who: ['group:crew'], repositories: room, allow: ['push', 'list'], tags: ['release-*'] },
        { who: ['authenticated'], repositories: room, allow: ['pull'] },
      ],
    },
    {
      name: 'pushes of some tags, by anybody',
      rules: [
        rootRule,
        { who: ['anonymous'], repositories: room, allow: ['push'], tags: ['release-*', 'v1'] },
      ],
    },
  ]
}

function one(who: string, allow: readonly Allowed[]): Policy {
  const rules: Rule[] = [rootRule]
  if (allow.length > 0) rules.push({ who: [who], repositories: room, allow })
  rules.push({ who: [who], repositories: shelf, allow: ['pull'] })
  const name = `${who} may ${allow.join(', ') || 'nothing'}`
  return { name, rules, ...(isFull && ({ isThorough: true } as const)) }
}

function subsets<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  const [first, ...rest] = items
  if (first === undefined) return [[]]
  return subsets(rest).flatMap((subset) => [subset, [first, ...subset]])
}

/** Rules beside the tokens of somebody else: both must allow. */
export function tokenPolicies(): readonly Policy[] {
  return [
    ...allPolicies().filter(({ name }) =>
      /pulls, alice|^(?:anonymous|user:alice) may (?:push|delete)$/.test(name),
    ),
    one('claim:team=crew', ['pull']),
    one('claim:team=crew', ['push', 'list']),
    one('claim:sub=alice', ['delete', 'list']),
  ].map((policy) => ({ ...policy, access: 'tokens' }))
}

/** Whether the registry takes tokens of its own: where somebody who does not log in may do anything; or of somebody else. */
export function hasTokens({ access, rules }: Policy): boolean {
  return access === 'tokens' || rules.some(({ who }) => who.includes('anonymous'))
}
