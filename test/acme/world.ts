import { join } from 'node:path'
import type { Cleaner } from '../support/at-exit.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { freePorts, startPebble, type Pebble, type PebbleOptions } from './pebble.ts'
import { startSite, type Site, type SiteOptions } from './site.ts'

export const host = 'registry.example.com'

export interface World {
  readonly pebble: Pebble
  readonly root: string
  readonly site: Site
  readonly cache: string
  /** Another site on the same cache, and unless told otherwise on the same port. */
  readonly another: (options?: Partial<SiteOptions>) => Promise<Site>
}

/** A site, and a pebble that validates by its port. */
export async function startWorld(
  test: Cleaner,
  options: Partial<SiteOptions> = {},
  pebbleOptions: PebbleOptions = {},
): Promise<World> {
  const [port = 0] = await freePorts(1)
  const pebble = await startPebble({ tlsPort: port, ...pebbleOptions }, test)
  const cache = join(temporaryFolder(test).path, 'cache')
  const another = (others: Partial<SiteOptions> = {}): Promise<Site> =>
    startSite(
      { cache, hosts: [host], directoryUrl: pebble.directoryUrl, ca: pebble.ca, port, ...options, ...others },
      test,
    )
  return { pebble, root: await pebble.root(), site: await another(), cache, another }
}
