import type { Peer } from './corpus-case.ts'
import type { Observation } from './observation.ts'

/** Something that one registry answers otherwise than the other. */
export interface Difference {
  readonly case: string
  readonly peer: Peer
  /** Such as `GET /v2/`. */
  readonly probe: string
  /** Such as `status`. */
  readonly field: string
  /** undefined: it is not there. */
  readonly distribution: string | undefined
  readonly berth: string | undefined
}

/**
 * Lists what differs. What Berth has besides in a field `has …` is no difference. Where the status is another one, the rest of the
 * answer is no more than its consequence.
 */
export function differencesOf(
  subject: string,
  peer: Peer,
  distribution: Observation,
  berth: Observation,
): readonly Difference[] {
  const found: Difference[] = []
  for (const probe of new Set([...distribution.keys(), ...berth.keys()])) {
    const theirs = distribution.get(probe) ?? {}
    const ours = berth.get(probe) ?? {}
    const isOtherwise = theirs['status'] !== ours['status']
    const fields = isOtherwise ? ['status'] : new Set([...Object.keys(theirs), ...Object.keys(ours)])
    for (const field of fields) {
      if (theirs[field] === ours[field]) continue
      if (theirs[field] === undefined && field.startsWith('has ')) continue
      found.push({ case: subject, peer, probe, field, distribution: theirs[field], berth: ours[field] })
    }
  }
  return found
}

/** One line. */
export function describeDifference({
  case: subject,
  peer,
  probe,
  field,
  distribution,
  berth,
}: Difference): string {
  return `${subject}: ${probe}: ${field}: ${peer} ${show(distribution)}, berth ${show(berth)}`
}

function show(value: string | undefined): string {
  return value === undefined ? 'nothing' : JSON.stringify(value)
}
