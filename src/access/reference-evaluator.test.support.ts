import type { Action } from '../registry/access.ts'
import type { Rule, Subject, Who } from './rule.ts'

// The rules once more, as slow and as obvious as can be, from the words of the documentation. It shares no code with the policy.

export interface Question {
  readonly repository: string
  readonly action: Action
  readonly tag?: string
}

export type GroupLists = Readonly<Record<string, readonly string[]>>

/** The number of the rule that decides, and what it says; default deny. */
export function judgeSlowly(
  rules: readonly Rule[],
  groups: GroupLists,
  subject: Subject,
  question: Question,
): { readonly rule: number; readonly allowed: boolean } {
  for (let index = 0; index < rules.length; index++) {
    const rule = rules[index]
    if (rule === undefined) continue
    const isAboutHim = rule.who.some((who) => isMeant(who, subject, groups))
    const isAboutIt = rule.repositories.some((pattern) => isLike(question.repository, pattern, subject.name))
    if (isAboutHim && isAboutIt) return { rule: index, allowed: isAllowed(rule, question) }
  }
  return { rule: -1, allowed: false }
}

function isAllowed(rule: Rule, { action, tag }: Question): boolean {
  if (action === 'pull') return rule.allow.includes('pull') || rule.allow.includes('push')
  if (!rule.allow.includes(action)) return false
  if (action === 'push' && tag !== undefined && rule.tags.length > 0)
    return rule.tags.some((pattern) => hasForm(tag, pattern))
  return true
}

function isMeant(who: Who, { name, claims }: Subject, groups: GroupLists): boolean {
  const isLoggedIn = name !== undefined && name !== ''
  if (who.kind === 'anonymous') return true
  if (who.kind === 'authenticated') return isLoggedIn
  if (who.kind === 'user') return isLoggedIn && name === who.name
  if (who.kind === 'group')
    return (
      isLoggedIn &&
      Object.entries(groups).some(([group, users]) => group === who.name && users.includes(name))
    )
  return Object.entries(claims ?? {}).some(
    ([claim, value]) =>
      claim === who.name &&
      (Array.isArray(value) ? value.map(String).includes(who.value) : String(value) === who.value),
  )
}

/** Every way to read the pattern. */
function isLike(repository: string, pattern: string, user: string | undefined): boolean {
  return isLikeParts(repository.split('/'), pattern.split('/'), user)
}

function isLikeParts(
  names: readonly string[],
  patterns: readonly string[],
  user: string | undefined,
): boolean {
  const [pattern, ...others] = patterns
  if (pattern === undefined) return names.length === 0
  if (pattern === '**')
    return Array.from({ length: names.length + 1 }, (_, taken) => names.slice(taken)).some((left) =>
      isLikeParts(left, others, user),
    )
  const [name, ...further] = names
  if (name === undefined || !isLikeParts(further, others, user)) return false
  if (pattern !== '{user}') return hasForm(name, pattern)
  const isComponent = user !== undefined && /^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$/.test(user)
  return isComponent && name === user
}

function hasForm(text: string, pattern: string): boolean {
  const star = pattern.indexOf('*')
  if (star < 0) return text === pattern
  const [before, after] = [pattern.slice(0, star), pattern.slice(star + 1)]
  return (
    text.startsWith(before) &&
    Array.from({ length: text.length - before.length + 1 }, (_, taken) =>
      text.slice(before.length + taken),
    ).some((left) => hasForm(left, after))
  )
}
