/** What a reload of the configuration came to. */
export type ReloadOutcome =
  | {
      readonly kind: 'applied'
      /** Keys that changed in the file and take effect only after a restart. */
      readonly needRestart: readonly string[]
    }
  | {
      readonly kind: 'refused'
      /** Why, for the operator; may have several lines. The old configuration is still in force. */
      readonly reason: string
    }
  /** Another one is under way. */
  | { readonly kind: 'busy' }
