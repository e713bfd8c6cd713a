/**
 * Scopes as challenges and token requests write them: Distribution's "Docker Registry Token Authentication", "Token Scope".
 * `repository:library/debian:pull,push`
 */
export interface ResourceScope {
  /** Such as `repository`, without a class: `repository(plugin)` is `repository`. */
  readonly type: string
  readonly name: string
  readonly actions: readonly string[]
}

const pattern = /^([a-z0-9]+)(?:\([a-z0-9]*\))?:(.+):([a-z*]*(?:,[a-z*]*)*)$/

/** Type up to the first colon, actions after the last: a name may hold one, before a port. Undefined for what is no scope. */
export function parseScope(text: string): ResourceScope | undefined {
  const [, type, name, list] = pattern.exec(text) ?? []
  if (type === undefined || name === undefined || list === undefined) return undefined
  return { type, name, actions: list.split(',').filter((action) => action !== '') }
}

export function formatScope({ type, name, actions }: ResourceScope): string {
  return `${type}:${name}:${actions.join(',')}`
}

/** What a token allows. Several entries for one resource count together; `*` is every action (Distribution). */
export class Scopes {
  readonly #actions = new Map<string, Set<string>>()

  constructor(scopes: Iterable<ResourceScope>) {
    for (const { type, name, actions } of scopes) {
      const key = `${type}:${name}`
      const known = this.#actions.get(key)
      if (known === undefined) this.#actions.set(key, new Set(actions))
      else for (const action of actions) known.add(action)
    }
  }

  allow(type: string, name: string, action: string): boolean {
    const allowed = this.#actions.get(`${type}:${name}`)
    return allowed !== undefined && (allowed.has(action) || allowed.has('*'))
  }
}
