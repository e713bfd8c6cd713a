import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import type { S3Options } from './options.ts'
import { payloadHash, type PartInput } from './part-body.ts'
import type { Sdk } from './sdk.ts'

const connectWithin = 10_000
/** Connections kept for the next request; without a bound in use, for a slow client holds one and must not block others. */
const idleConnections = 64

const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing, trace: nothing }

/** The SDK's client: it signs, sends once and parses. Trying again and deadlines are ours, see `requests.ts`. */
export function createClient(sdk: Sdk, options: S3Options, pathStyle: boolean): S3Client {
  const endpoint = endpointOf(options)
  const region = options.region ?? (endpoint === undefined ? undefined : 'us-east-1')
  const keep = { keepAlive: true, maxFreeSockets: idleConnections }
  const config: S3ClientConfig & ReadsFilesAgain = {
    ignoreCache: true,
    ...(region !== undefined && { region }),
    ...(endpoint !== undefined && { endpoint }),
    ...(options.credentials !== undefined && { credentials: credentialsOf(options.credentials) }),
    ...(options.userAgent !== undefined && { customUserAgent: options.userAgent }),
    forcePathStyle: pathStyle,
    // Choices among Amazon's own addresses.
    ...(endpoint === undefined && {
      useDualstackEndpoint: options.dualStack === true,
      useAccelerateEndpoint: options.accelerate === true,
      useFipsEndpoint: options.fips === true,
    }),
    maxAttempts: 1,
    // Trailers with checksums are what other servers refuse; all but Amazon's newest ignore them.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // A body is in memory and can be sent again, so that asking first costs a round trip and saves nothing.
    expectContinueHeader: false,
    logger: silent,
    requestHandler: {
      httpAgent: new HttpAgent(keep),
      httpsAgent: new HttpsAgent({
        ...keep,
        ...(options.skipVerify === true && { rejectUnauthorized: false }),
        ...(options.caFile !== undefined && { ca: readFileSync(options.caFile) }),
      }),
      connectionTimeout: connectWithin,
      requestTimeout: 0,
      // A reader may be slow: silence counts only while somebody waits, see `body.ts`.
      socketTimeout: 0,
    },
  }
  const client = new sdk.S3Client(config)
  client.middlewareStack.add(
    (next) => (args) => {
      const { request, input } = args
      // The SDK knows no other way to Amazon than TLS.
      if (options.secure === false && endpoint === undefined && hasHeaders(request)) {
        request.protocol = 'http:'
      }
      // Many servers insist on the old header here, and not all know the new ones.
      if (isDeletion(request)) request.headers['content-md5'] = md5(request.body)
      else if (hasHash(input) && hasHeaders(request))
        request.headers['x-amz-content-sha256'] = input[payloadHash]
      return next(args)
    },
    { step: 'build', name: 'bodyHeaders', priority: 'low' },
  )
  return client
}

/**
 * The SDK keeps what it read of its files for the life of the process, also when it is told to get its keys anew: keys that were
 * replaced there would never be found. This setting of its providers of keys is handed down from the client's.
 */
interface ReadsFilesAgain {
  readonly ignoreCache: boolean
}

/** The endpoint as a URL; its scheme is what `secure` says unless it brings one, as in Distribution. */
export function endpointOf({ endpoint, secure }: S3Options): string | undefined {
  if (endpoint === undefined || endpoint === '') return undefined
  if (/^https?:\/\//i.test(endpoint)) return endpoint
  return `${secure === false ? 'http' : 'https'}://${endpoint}`
}

function credentialsOf(
  keys: NonNullable<S3Options['credentials']>,
): NonNullable<S3ClientConfig['credentials']> {
  return {
    accessKeyId: keys.accessKey,
    secretAccessKey: keys.secretKey,
    ...(keys.sessionToken !== undefined && { sessionToken: keys.sessionToken }),
  }
}

interface Request {
  protocol: string
  readonly headers: Record<string, string>
}

function hasHeaders(request: unknown): request is Request {
  return typeof request === 'object' && request !== null && 'headers' in request
}

/** DeleteObjects is the one POST whose query is `delete`. */
function isDeletion(request: unknown): request is Request & { readonly body: string | Uint8Array } {
  if (!hasHeaders(request) || !('query' in request && 'body' in request)) return false
  const { query, body } = request
  const hasBody = typeof body === 'string' || body instanceof Uint8Array
  return hasBody && typeof query === 'object' && query !== null && 'delete' in query
}

function hasHash(input: object): input is Pick<PartInput, typeof payloadHash> {
  return payloadHash in input
}

function md5(body: string | Uint8Array): string {
  return createHash('md5').update(body).digest('base64')
}

function nothing(): void {
  // What the SDK tells is told by `requests.ts`, without what it must not tell.
}
