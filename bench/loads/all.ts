import type { Load } from '../load.ts'
import type { Sizes } from '../sizes.ts'
import { authLoads } from './auth.ts'
import { downloadLoads } from './downloads.ts'
import { listingLoads } from './listings.ts'
import { processLoads } from './processes.ts'
import { pushLoads } from './pushes.ts'
import { smallRequestLoads } from './small-requests.ts'
import { tlsLoads } from './tls.ts'
import { tlsProcessLoads } from './tls-processes.ts'

/** Every load, in the order of the report. */
export function allLoads(sizes: Sizes): readonly Load[] {
  return [
    ...smallRequestLoads(sizes),
    ...downloadLoads(sizes),
    ...pushLoads(sizes),
    ...listingLoads(sizes),
    ...processLoads(sizes),
    ...authLoads(),
    ...tlsLoads(sizes),
    ...tlsProcessLoads(sizes),
  ]
}
