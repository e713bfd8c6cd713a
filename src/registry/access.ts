import { RegistryError } from './errors.ts'
import { Hidden } from './hidden.ts'
import type { RepositoryName } from './name.ts'
import type { Tag } from './reference.ts'
import { Unauthorized } from './unauthorized.ts'

/** What somebody may be allowed to do with a repository. Distribution's scopes know the first three. */
export type Action = 'pull' | 'push' | 'delete' | 'list'

export const actions: readonly Action[] = ['pull', 'push', 'delete', 'list']

/** Something that needs a right. */
export type Access =
  /** To be let in at all: `/v2/`. */
  | { readonly kind: 'base' }
  /** To ask for the catalog, ... */
  | { readonly kind: 'catalog' }
  /** ... and to find a repository in it. */
  | { readonly kind: 'entry'; readonly repository: RepositoryName }
  | RepositoryAccess

export interface RepositoryAccess {
  readonly kind: 'repository'
  readonly repository: RepositoryName
  readonly action: Action
  /** Of a push: the tag that it sets. */
  readonly tag?: Tag
}

/**
 * - `unauthenticated`: not without saying who you are;
 * - `insufficient scope`: not with this token;
 * - `denied`: not you.
 */
export type Verdict = 'allowed' | 'unauthenticated' | 'insufficient scope' | 'denied'

/** Whoever sent a request, as far as he is known, and what he may do. */
export interface Caller {
  /** Absent for whoever did not say who he is. */
  readonly name?: string
  judge(access: Access): Verdict
  /** Which rule decides, as fields of a line. There only where rules decide and somebody reads lines at debug. */
  readonly explain?: (access: Access) => object | undefined
}

/**
 * Lets an access pass, or refuses it as far as its caller may know: what somebody may not even pull does not exist for him.
 *
 * @param absent makes the failure of the same request about a repository that does not exist
 * @throws Unauthorized; RegistryError DENIED; Hidden, which tells the client the same as `absent`
 */
export function demand(caller: Caller, access: Access, absent: () => RegistryError): void {
  switch (caller.judge(access)) {
    case 'allowed':
      return
    case 'unauthenticated':
      throw new Unauthorized()
    case 'insufficient scope':
      throw new Unauthorized({ reason: 'insufficient_scope' })
    case 'denied':
      throw mayKnow(caller, access)
        ? new RegistryError('DENIED', { message: deniedMessage(access) })
        : new Hidden(absent())
  }
}

function mayKnow(caller: Caller, access: Access): boolean {
  if (access.kind !== 'repository') return true
  const { repository } = access
  return caller.judge({ kind: 'repository', repository, action: 'pull' }) === 'allowed'
}

/** Clients show a message that is not the code's own, and else the bare word `denied`. */
function deniedMessage(access: Access): string {
  if (access.kind !== 'repository') return 'not allowed'
  const { repository, action, tag } = access
  const verb = {
    pull: 'pulling from',
    push: 'pushing to',
    delete: 'deleting from',
    list: 'listing the tags of',
  }
  return tag === undefined
    ? `${verb[action]} ${repository} is not allowed`
    : `pushing the tag ${tag} to ${repository} is not allowed`
}
