import { isIP } from 'node:net'
import { z } from 'zod'
import type { HttpConfig } from '../config.ts'
import { parseListenAddress } from '../listen-address.ts'
import { tls } from './tls.ts'
import {
  flag,
  headers,
  isHttpUrl,
  listenAddress,
  notNegative,
  optionalText,
  text,
  timeout,
  timeoutOr,
  withoutUndefined,
  word,
  section,
  type Section,
} from './values.ts'

const second = 1000
const minute = 60 * second

const path = text
  .regex(/^$|^\/[^\s?#]*$/, { error: 'a path that begins with a slash, such as /registry/' })
  .transform((value) => (value.endsWith('/') ? value : `${value}/`))
  .default('/')

const debug = z
  .object({
    addr: listenAddress('127.0.0.1:5001'),
    prometheus: z
      .object({
        enabled: flag.default(false),
        path: text
          .regex(/^$|^\/[^\s?#]*$/, { error: 'a path that begins with a slash, such as /metrics' })
          .transform((value) => (value === '' ? '/metrics' : value))
          .default('/metrics'),
      })
      .prefault({}),
  })
  .prefault({})
  .transform(withoutUndefined)

const network = text.refine(isNetwork, {
  error: 'the address of a proxy, or a range such as 10.0.0.0/8 or fd00::/8',
})

function isNetwork(value: string): boolean {
  const [address = '', bits, ...rest] = value.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/** Bytes; smaller ones would refuse ordinary requests. */
const smallestHeaders = 8 * 1024

const limits = z
  .object({
    headersize: notNegative
      .min(smallestHeaders, { error: `bytes, ${smallestHeaders} or more` })
      .default(65_536),
    connections: notNegative.default(0),
  })
  .prefault({})

const timeouts = z
  .object({
    header: timeoutOr(30 * second),
    // Longer than load balancers keep theirs (at most 600 s), so that it is they who close an idle connection.
    idle: timeoutOr(620 * second),
    body: timeoutOr(minute),
    answer: timeoutOr(10 * minute),
  })
  .prefault({})

export const http: Section<HttpConfig> = section(
  z
    .object({
      addr: optionalText,
      net: word('tcp', 'unix'),
      prefix: path,
      // What is no URL is passed over, as in Distribution; `check-ignored.ts` tells of it.
      host: optionalText.transform((value) => (value !== undefined && isHttpUrl(value) ? value : undefined)),
      secret: optionalText,
      relativeurls: flag.default(false),
      headers: headers.default({}),
      draintimeout: timeout.optional(),
      draindelay: timeout.default(0),
      tls,
      http2: z.object({ disabled: flag.default(false) }).prefault({}),
      h2c: z.object({ enabled: flag.default(false) }).prefault({}),
      debug,
      trustedproxies: z.array(network, { error: 'a list of addresses and ranges' }).optional(),
      timeouts,
      limits,
    })
    // Checked even when other keys are wrong (`when`), so that all problems show up at once.
    .refine(({ net, addr }) => net === 'unix' || parseListenAddress(addr ?? ':5000') !== undefined, {
      path: ['addr'],
      error: 'host:port, such as :5000 or 127.0.0.1:5000',
      when: () => true,
    })
    .refine(({ net, addr }) => net !== 'unix' || addr !== undefined, {
      path: ['addr'],
      error: 'the path of a socket, since http.net is unix',
      when: () => true,
    })
    .transform((given) =>
      withoutUndefined({ ...given, net: given.net ?? ('tcp' as const), addr: given.addr ?? ':5000' }),
    ),
)
