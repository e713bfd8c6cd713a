import type { Config } from '../config/config.ts'
import { isOnThisMachineAlone } from '../storage/local-place.ts'

/**
 * Whether replicas could answer each other's challenges. An authority calls whichever replica the load balancer chooses, which finds
 * the answer in the cache of certificates, if that is a folder that all have. No replica knows whether there are others; but whoever
 * keeps images in an object store may well have some.
 *
 * @param mountinfo where the system says what is mounted
 * @returns what to tell an operator, in one line; undefined: nothing
 */
export async function acmeSharingWarning(
  { http, storage }: Pick<Config, 'http' | 'storage'>,
  mountinfo: string = '/proc/self/mountinfo',
): Promise<string | undefined> {
  const { certificate, letsencrypt } = http.tls
  const { cachefile } = letsencrypt
  if (certificate !== undefined || cachefile === undefined) return undefined
  if (storage.driver.name === 'filesystem' || storage.driver.name === 'inmemory') return undefined
  if (!(await isOnThisMachineAlone(cachefile, mountinfo))) return undefined
  return (
    `http.tls.letsencrypt.cachefile lies on this machine alone: ${cachefile}; where several replicas serve the hosts, put it in a folder that ` +
    'they share, or let the load balancer have the certificate'
  )
}
