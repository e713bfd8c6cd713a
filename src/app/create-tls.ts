import type { HttpConfig } from '../config/config.ts'
import type { Logger } from '../util/logger.ts'
import { AcmeTls } from './acme-tls.ts'
import type { OrdersElsewhere } from '../acme/issuer.ts'
import { FileTls } from './file-tls.ts'
import type { Tls } from './tls.ts'

/**
 * @param version of the program, told to the authority
 * @param orders who orders certificates, when one of several processes does
 * @returns undefined without TLS
 * @throws Error of one line
 */
export async function createTls(
  http: HttpConfig,
  version: string,
  log: Logger,
  orders?: OrdersElsewhere,
): Promise<Tls | undefined> {
  const { tls } = http
  if (tls.certificate !== undefined) return await FileTls.open(tls, log)
  if (tls.letsencrypt.cachefile !== undefined) return await AcmeTls.open(http, version, log, orders)
  return undefined
}
