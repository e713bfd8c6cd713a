import type { RepositoryAccess } from '../registry/access.ts'
import type { Explanation, PassedOver } from './explain.ts'
import { describeWho, type Rule, type Subject } from './rule.ts'

/** An explanation for people, some lines. */
export function explanationText(
  { decision, match, passedOver, isImmutable = false }: Explanation,
  subject: Subject,
  access: RepositoryAccess,
): string {
  const name = nameOf(subject)
  const verdict = decision.allowed
    ? `allowed: ${name} may ${deed(access)}`
    : `denied: ${name} may not ${deed(access)}`
  const { rule } = decision
  const deciding =
    rule === undefined || match === undefined
      ? ['', 'no rule is about it, and what no rule is about is denied']
      : [
          '',
          `${rule.place}: ${rule.key} decides: ${decision.reason}`,
          `  who           ${match.who} means ${name}`,
          `  repositories  ${match.repositories} matches ${access.repository}`,
          `  allow         ${allowed(rule)}`,
          ...(rule.tags.length === 0 ? [] : [`  tags          ${rule.tags.join(', ')}${tagRemark(access)}`]),
        ]
  const others =
    passedOver.length === 0
      ? []
      : ['', rule === undefined ? 'rules:' : 'earlier rules, which do not match:', ...passedOver.map(reason)]
  const immutable =
    decision.allowed && isImmutable
      ? [`${access.tag} is immutable: only if the tag is not there yet, or has this manifest`]
      : []
  return [verdict, ...immutable, ...deciding, ...others, ''].join('\n')
}

/** The same for programs, to be written as JSON. */
export function explanationJson(
  { decision, match, passedOver, isImmutable = false }: Explanation,
  subject: Subject,
  { repository, action, tag }: RepositoryAccess,
): object {
  const { allowed: isAllowed, reason: why, rule } = decision
  return {
    allowed: isAllowed,
    reason: why,
    user: subject.name ?? null,
    action,
    repository,
    ...(tag !== undefined && { tag, immutable: isImmutable }),
    rule: rule === undefined ? null : { key: rule.key, place: rule.place, match },
    passedOver: passedOver.map(({ rule: { key, place }, because }) => ({ key, place, because })),
  }
}

function nameOf({ name = '', claims }: Subject): string {
  if (name !== '') return name
  return claims === undefined ? 'somebody who is not logged in' : 'a token without a name'
}

function deed({ action, repository, tag }: RepositoryAccess): string {
  return `${action} ${repository}${tag === undefined ? '' : `:${tag}`}`
}

function allowed({ allow }: Rule): string {
  const hasPull = allow.includes('pull') || !allow.includes('push')
  return `${allow.join(', ')}${hasPull ? '' : ', and with push pull'}`
}

function tagRemark({ action, tag }: RepositoryAccess): string {
  return action === 'push' && tag === undefined ? ' (with --tag: whether that one may be set)' : ''
}

function reason({ rule, because }: PassedOver): string {
  const text =
    because === 'who'
      ? `about others: ${rule.who.map(describeWho).join(', ')}`
      : `about other repositories: ${rule.repositories.join(', ')}`
  return `  ${rule.place}: ${rule.key}: ${text}`
}
