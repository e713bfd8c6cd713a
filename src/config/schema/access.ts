import { z } from 'zod'
import {
  allowWords,
  isGroupName,
  isName,
  isRepositoryPattern,
  isTagPattern,
  parseImmutable,
  parseWho,
  whoKinds,
} from '../access-grammar.ts'
import type { AccessConfig, AllowWord } from '../access.ts'
import { didYouMean } from '../check-shape.ts'
import { nearest } from '../nearest.ts'
import {
  duration,
  forTimer,
  optionalText,
  refuse,
  section,
  text,
  withoutUndefined,
  type Section,
} from './values.ts'

const minute = 60_000

/** A list with something in it: an empty one would be a rule that never counts, and may be meant for "any". */
function someOf<Item extends z.ZodType>(item: Item, allowed: string): z.ZodArray<Item> {
  return z.array(item, { error: `a list of ${allowed}` }).min(1, { error: `one or more ${allowed}` })
}

/** Characters. */
const longestHint = 80

const who = text.superRefine((value, context) => {
  if (parseWho(value) !== undefined) return
  const allowed = 'anonymous, authenticated, user:NAME, group:NAME, claim:NAME=VALUE'
  refuse(context, allowed + meantWho(value))
})

/** Other words for everybody. */
const everybody: readonly string[] = ['everyone', 'everybody', 'anyone', 'anybody', 'all', 'any', '*', '**']

function meantWho(value: string): string {
  if (everybody.includes(value.toLowerCase())) return ' (did you mean anonymous?)'
  const [kind = '', ...rest] = value.split(':')
  const meant = whoKinds.includes(kind) ? kind : nearest(kind.trim(), whoKinds)
  const corrected =
    meant === undefined ? `user:${value}` : [meant, rest.join(':').trim()].join(rest.length > 0 ? ':' : '')
  const isSuggested =
    corrected !== value && corrected.length <= longestHint && parseWho(corrected) !== undefined
  return isSuggested ? ` (did you mean ${corrected}?)` : ''
}

const examples = 'such as library/debian, apps/* or apps/**, in small letters; * stands within one component'

const repositories = text.refine((value) => isRepositoryPattern(value, { variables: true }), {
  error: `a pattern of repositories, ${examples}, ** and {user} are whole components`,
})

const tags = text.refine(isTagPattern, { error: 'a pattern of tags, such as latest, release-* or *' })

const allow = text.transform((value, context): AllowWord => {
  const found = allowWords.find((word) => word === value.toLowerCase())
  if (found !== undefined) return found
  refuse(context, allowWords.join(', ') + didYouMean(value, allowWords))
  return 'pull'
})

const rule = z
  .object(
    {
      who: someOf(who, 'names such as anonymous or user:alice'),
      repositories: someOf(repositories, 'patterns of repositories'),
      allow: someOf(allow, `words: ${allowWords.join(', ')}`),
      tags: someOf(tags, 'patterns of tags; without the key, any').optional(),
    },
    { error: 'a rule: who, repositories, allow, and tags if it restricts them' },
  )
  .refine(({ allow: allowed, tags: restricted }) => restricted === undefined || canPush(allowed), {
    path: ['tags'],
    error: 'no tags without push in allow, since they restrict pushes alone',
    when: () => true,
  })
  .transform(withoutUndefined)

/** What cannot be understood has its own message. */
function canPush(allowed: unknown): boolean {
  return !Array.isArray(allowed) || ['push', 'all'].some((word) => allowed.includes(word))
}

const groups = z.record(
  text.refine(isGroupName, { error: 'the name of a group, without spaces and colons' }),
  z.array(text.refine(isName, { error: 'the name of a user' }), { error: 'a list of users' }),
  {
    error: (issue) =>
      issue.code === 'invalid_key' ? 'the name of a group, without spaces and colons' : 'a map of groups',
  },
)

const immutable = text.superRefine((value, context) => {
  if (parseImmutable(value) !== undefined) return
  const isRepository = !value.includes(':') && isRepositoryPattern(value, { variables: false })
  const meant = isRepository && value.includes('/') ? ` (did you mean ${value}:*?)` : ''
  refuse(context, `[REPOSITORY:]TAG, such as v* or prod/**:*${meant}`)
})

const token = z
  .object({
    key: optionalText,
    expires: duration
      .transform(forTimer)
      // The token protocol: no shorter ones than a minute, for clients take that for granted.
      .refine((value) => value >= minute, { error: 'a duration of a minute or more, such as 5m' })
      .default(5 * minute),
    service: text
      .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: 'a name without spaces, quotes and backslashes' })
      .default('berth'),
  })
  .prefault({})
  .transform(withoutUndefined)

export const access: Section<AccessConfig> = section(
  z
    .object({
      rules: z.array(rule, { error: 'a list of rules' }).default([]),
      groups: groups.default({}),
      groupfile: optionalText,
      immutable: z.array(immutable, { error: 'a list of patterns' }).default([]),
      token,
    })
    .superRefine(refuseUnknownGroups, { when: () => true })
    .transform(withoutUndefined),
)

/** A misspelt group has no members, and its rule no effect: what it was meant to restrict might be open. Called with mistakes in it, too. */
function refuseUnknownGroups(given: unknown, context: z.RefinementCtx): void {
  const { rules, groups: known, groupfile } = given as Partial<AccessConfig>
  if (groupfile !== undefined || !Array.isArray(rules)) return
  const names = Object.keys(known ?? {})
  for (const [index, one] of (rules as readonly unknown[]).entries()) {
    const list = typeof one === 'object' && one !== null && 'who' in one ? one.who : undefined
    if (!Array.isArray(list)) continue
    for (const [position, value] of (list as readonly unknown[]).entries()) {
      const parsed = typeof value === 'string' ? parseWho(value) : undefined
      if (parsed?.kind !== 'group' || names.includes(parsed.name)) continue
      const choice =
        names.length === 0
          ? 'a group of access.groups, or of access.groupfile'
          : names.map((name) => `group:${name}`).join(', ')
      const meant = nearest(parsed.name, names)
      context.addIssue({
        code: 'custom',
        path: ['rules', index, 'who', position],
        message: meant === undefined ? choice : `${choice} (did you mean group:${meant}?)`,
      })
    }
  }
}
