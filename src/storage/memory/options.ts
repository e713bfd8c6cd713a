export interface MemoryOptions {
  /** The clock that dates objects, in milliseconds since 1970: tests of what depends on ages bring their own. */
  readonly now?: () => number
}
