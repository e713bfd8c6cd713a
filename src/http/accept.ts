/** The media types that a client says it understands. */
export interface Accepted {
  readonly has: (mediaType: string) => boolean
}

/**
 * Parses `Accept`. Distribution looks for exact types only; wildcards, and no header at all, accept everything here, as RFC 9110,
 * 12.5.1 has it. Weights are not looked at: there is one stored form to give.
 */
export function parseAccept(header: string | undefined): Accepted {
  if (header === undefined) return everything
  const types = new Set(header.split(',').map((item) => (item.split(';', 1)[0] ?? '').trim().toLowerCase()))
  if (types.has('*/*') || types.has('application/*')) return everything
  return types
}

const everything: Accepted = { has: () => true }
