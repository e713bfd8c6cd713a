import { matchesSequence, matchesText } from './wildcard.ts'

/**
 * A pattern of repositories, such as `users/{user}/**`, made ready to match.
 *
 * - `*` stands for any text within one component, and may be a part of it;
 * - `**` is a whole component and stands for any number of them, none included: `apps/**` is `apps` and all below it. Otherwise a rule
 *   that keeps `secret/**` for some people would leave `secret` itself to a later rule;
 * - `{user}` is a whole component and stands for the name of whoever asks. A component of a repository's name is never empty, has no
 *   slash and no capitals, so that a name that is no such component matches nothing.
 */
export class RepositoryPattern {
  readonly text: string
  readonly #matches: (repository: string, user: string | undefined) => boolean

  /** @param text checked by the configuration */
  constructor(text: string) {
    this.text = text
    this.#matches = compile(text)
  }

  /** @param user the name of whoever asks, if he has one */
  matches(repository: string, user: string | undefined): boolean {
    return this.#matches(repository, user)
  }

  /** Whether all that `other` can match is matched by this one, for the same user. When in doubt, no. */
  covers(other: RepositoryPattern): boolean {
    return matchesSequence(this.text.split('/'), other.text.split('/'), isAnyDepth, coversComponent)
  }
}

/** Most patterns are of a form that needs no taking apart. */
function compile(text: string): (repository: string, user: string | undefined) => boolean {
  if (text === '**') return () => true
  if (isLiteral(text)) return (repository) => repository === text
  const folder = text.endsWith('/**') ? text.slice(0, -'/**'.length) : ''
  if (folder !== '' && isLiteral(folder)) {
    const below = `${folder}/`
    return (repository) => repository === folder || repository.startsWith(below)
  }
  const components = text.split('/')
  return (repository, user) =>
    matchesSequence(components, repository.split('/'), isAnyDepth, (pattern, component) =>
      pattern === '{user}' ? component === user : matchesText(pattern, component),
    )
}

function isLiteral(text: string): boolean {
  return !/[*{]/.test(text)
}

function isAnyDepth(component: string): boolean {
  return component === '**'
}

/** Whether one component of a pattern covers one of another, of which nothing but `**` covers `**`. */
function coversComponent(one: string, other: string): boolean {
  if (other === '**') return false
  if (one === other || one === '*') return true
  if (one === '{user}' || other === '{user}') return false
  // A star of the other may be any text: as an item it fits no letter, so that only a star takes it.
  return matchesText(one, other)
}
