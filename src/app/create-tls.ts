import type { HttpConfig } from '../config/config.ts'
import type { Logger } from '../util/logger.ts'
import { AcmeTls } from './acme-tls.ts'
import { FileTls } from './file-tls.ts'
import type { Peers } from './peers.ts'
import type { Tls } from './tls.ts'

/**
 * @param version of the program, told to the authority
 * @param peers the other processes that serve the same
 * @returns undefined without TLS
 * @throws Error of one line
 */
export async function createTls(
  http: HttpConfig,
  version: string,
  log: Logger,
  peers?: Pick<Peers, 'orders' | 'secret'>,
): Promise<Tls | undefined> {
  const { tls } = http
  if (tls.certificate !== undefined) return await FileTls.open(tls, log, peers?.secret)
  if (tls.letsencrypt.cachefile !== undefined) return await AcmeTls.open(http, version, log, peers)
  return undefined
}
