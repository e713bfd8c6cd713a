import type { KnownDifference } from '../corpus/differences.ts'

/** All that Berth answers otherwise than Distribution where somebody has to say who he is, and why. */
export const knownDifferences: readonly KnownDifference[] = []
