/** A stretch of one of the objects that are put together; `end` is not part of it. */
export interface Stretch {
  readonly source: number
  readonly start: number
  readonly end: number
}

/** A part of the object to be made: a stretch that the store copies, or several that are read and sent. */
export type PlannedPart =
  | { readonly kind: 'copy'; readonly stretch: Stretch }
  | { readonly kind: 'send'; readonly stretches: readonly Stretch[] }

export interface PlanSizes {
  /** Bytes of a part that is sent, at least 5 MiB. */
  readonly chunk: number
  /** Bytes of a part that is copied. */
  readonly copyChunk: number
}
