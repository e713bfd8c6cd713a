import type { Certificate } from './certificate.ts'

const minute = 60_000
const hour = 60 * minute

/** Milliseconds before a failed order is tried again: 1, 3, 9, 27 and then 60 minutes, since Let's Encrypt lets a host fail five times an hour. */
export const orderBackOff: BackOff = { first: minute, factor: 3, longest: hour }

export interface BackOff {
  /** Milliseconds. */
  readonly first: number
  readonly factor: number
  /** Milliseconds. */
  readonly longest: number
}

/**
 * When a certificate is to be renewed: at two thirds of its life, however short that is, and a little later by chance, so that
 * replicas which share a cache do not all begin at once. The same as Go's autocert does.
 *
 * @param random of [0, 1)
 * @returns milliseconds since 1970
 */
export function renewalTime({ begins, expires }: Certificate, random: number): number {
  const rest = (expires - begins) / 3
  return expires - rest + random * Math.min(rest / 10, hour)
}

/**
 * How long to wait after failures in a row, give or take a tenth.
 *
 * @param failures at least 1
 * @param random of [0, 1)
 * @returns milliseconds
 */
export function backOffTime({ first, factor, longest }: BackOff, failures: number, random: number): number {
  const exact = Math.min(first * factor ** (failures - 1), longest)
  return exact * (0.9 + 0.2 * random)
}
