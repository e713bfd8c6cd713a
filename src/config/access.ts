/**
 * Rights, in the words of the file, which are checked: `access-grammar.ts` says what they mean. Kept as they were written, so that
 * messages and `config print` show what the user knows.
 */
export interface AccessConfig {
  /** Empty: no rights of our own. */
  readonly rules: readonly AccessRuleConfig[]
  /** Their members, by the names of groups. */
  readonly groups: Readonly<Record<string, readonly string[]>>
  readonly groupfile?: string
  /** `[REPOSITORY:]TAG` */
  readonly immutable: readonly string[]
  readonly token: {
    /** The path of a private key; absent: one that is derived from `http.secret`. */
    readonly key?: string
    /** Milliseconds. */
    readonly expires: number
    readonly service: string
  }
}

/** Each list has something in it. */
export interface AccessRuleConfig {
  readonly who: readonly string[]
  readonly repositories: readonly string[]
  readonly allow: readonly AllowWord[]
  /** Absent: any. */
  readonly tags?: readonly string[]
}

export type AllowWord = 'pull' | 'push' | 'delete' | 'list' | 'all'
