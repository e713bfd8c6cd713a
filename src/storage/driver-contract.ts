import { afterEach, beforeEach, describe } from 'node:test'
import { describeHostilePaths } from './contract/hostile-paths.ts'
import { describeListing } from './contract/listing.ts'
import { describeRaces } from './contract/races.ts'
import { describeMoves, describeRemoval } from './contract/removal.ts'
import { describeSmallObjects } from './contract/small-objects.ts'
import { describeStreams } from './contract/streams.ts'
import type { DriverUnderTest } from './contract/support.ts'

export interface DriverSuiteOptions {
  /** Why this driver cannot be tested here; such as the service that is missing. */
  readonly skip?: string
}

/** The behaviour that every driver owes, as tests. */
export function describeDriver(
  name: string,
  make: () => Promise<DriverUnderTest>,
  options: DriverSuiteOptions = {},
): void {
  describe(`the ${name} driver`, options.skip === undefined ? {} : { skip: options.skip }, () => {
    let under: DriverUnderTest
    const current = (): DriverUnderTest => under
    beforeEach(async () => {
      under = await make()
    })
    afterEach(async () => {
      await under.dispose()
    })

    describeSmallObjects(current)
    describeStreams(current)
    describeMoves(current)
    describeRemoval(current)
    describeListing(current)
    describeRaces(current)
    describeHostilePaths(current)
  })
}
