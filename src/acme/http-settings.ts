import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { rootCertificates } from 'node:tls'
import type { axios as Axios } from 'acme-client'
import { parseRetryAfter, toProblem } from './problem.ts'

export interface HttpOptions {
  readonly userAgent: string
  /** PEM of authorities that are trusted besides those that Node comes with. */
  readonly ca?: string
}

/** Milliseconds without a byte from the authority. */
const timeout = 30_000

/** Bytes of an answer. */
const longestAnswer = 1024 * 1024

/**
 * Sets how acme-client talks to the authority. Its one axios instance is the only way to do so, and belongs to the whole process, as
 * does the one account. The proxy is that of `HTTPS_PROXY` and `NO_PROXY`, as for Distribution.
 *
 * @returns ends all connections, requests in flight too
 */
export function setHttp(axios: typeof Axios, { userAgent, ca }: HttpOptions): () => void {
  const httpAgent = new HttpAgent({ keepAlive: true })
  const httpsAgent = new HttpsAgent({
    keepAlive: true,
    ...(ca !== undefined && { ca: [...rootCertificates, ca] }),
  })
  const ending = new AbortController()
  const { signal } = ending
  Object.assign(axios.defaults, { timeout, maxContentLength: longestAnswer, httpAgent, httpsAgent, signal })
  axios.defaults.headers.common['User-Agent'] = userAgent
  // Its own interceptor tries again after seconds, or as many as the authority wishes, and holds up all other hosts; and it has
  // nothing to say when there is no answer.
  axios.interceptors.response.clear()
  axios.interceptors.response.use(checked, (error: { readonly response?: Answer }) => {
    if (error.response === undefined) throw error
    return checked(error.response)
  })
  return () => {
    ending.abort()
    if (axios.defaults.signal === signal) delete axios.defaults.signal
    httpAgent.destroy()
    httpsAgent.destroy()
  }
}

type Answer = Parameters<NonNullable<Parameters<(typeof Axios)['interceptors']['response']['use']>[0]>>[0]

/** @throws AcmeProblem when the authority refuses a request */
function checked(answer: Answer): Answer {
  const { status, data, headers } = answer
  // acme-client sends again what had a bad nonce.
  if (status < 400 || toProblem(data, '').is('badNonce')) return answer
  const retryAt = parseRetryAfter(headers['retry-after'], Date.now())
  throw toProblem(data, `the authority answers ${status}`, retryAt)
}
