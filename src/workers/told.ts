import type { Digest } from '../registry/digest.ts'
import type { RepositoryName } from '../registry/name.ts'

/** What one worker tells all others. */
export type Told =
  /** A blob or manifest was deleted; without a digest: something else changed, which the catalog shows. */
  | {
      readonly kind: 'changed'
      readonly repository: RepositoryName
      readonly digest: Digest | undefined
    }
  /** Somebody failed to log in, or succeeded. */
  | {
      readonly kind: 'login'
      readonly isRight: boolean
      readonly user: string
      /** Its address; undefined: by a unix socket. */
      readonly client: string | undefined
    }
