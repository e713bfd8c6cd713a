/** How a store is to be tried. */
export interface CheckOptions {
  /** Nothing is written then, and no right to write is needed. */
  readonly readOnly?: boolean
  /** Clients will be sent to the store itself, by signed addresses: whether those can be made. */
  readonly redirects?: boolean
  /** Is told, in one line without secrets, what is not as it should be and lets the registry work all the same. */
  readonly warn?: (line: string) => void
}
