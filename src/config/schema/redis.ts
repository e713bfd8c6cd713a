import { z } from 'zod'
import { parseRedisAddress, type RedisConfig } from '../redis.ts'
import {
  flag,
  optionalText,
  section,
  text,
  texts,
  timeoutOr,
  whole,
  withoutUndefined,
  type Section,
} from './values.ts'

const aServer = 'host:port, such as redis.example.com:6379, or the path of a unix socket'

const address = text.refine((value) => parseRedisAddress(value) !== undefined, { error: aServer })

/** Version 2 has one server; empty is none. */
const oldAddress = z.union([z.literal('').transform(() => undefined), address], { error: aServer }).optional()

/** Taken, and without a meaning where one connection carries all commands. */
const idleNumber = whole.optional()
const idleFlag = flag.optional()
const idleDuration = timeoutOr(0).optional()

const tls = z
  .object({ certificate: optionalText, key: optionalText, rootcas: texts, clientcas: texts })
  .prefault({})
  .transform(({ rootcas, clientcas, ...pair }) => ({
    ...withoutUndefined(pair),
    rootcas: [...rootcas, ...clientcas].filter((file) => file !== ''),
  }))

/** The keys of both generations of Distribution. Times of zero or less mean the default, as in Go's library. */
export const redis: Section<RedisConfig> = section(
  z
    .object({
      addr: oldAddress,
      addrs: z.array(address, { error: 'a list' }).default([]),
      mastername: optionalText,
      clientname: optionalText,
      protocol: whole.default(0),
      username: optionalText,
      password: optionalText,
      sentinelusername: optionalText,
      sentinelpassword: optionalText,
      db: whole.min(0, { error: 'a whole number, 0 or more' }).default(0),
      dialtimeout: timeoutOr(5_000),
      readtimeout: timeoutOr(3_000),
      writetimeout: timeoutOr(3_000),
      contexttimeoutenabled: idleFlag,
      maxretries: idleNumber,
      minretrybackoff: timeoutOr(100),
      maxretrybackoff: timeoutOr(5_000),
      pool: z.object({ maxidle: idleNumber, maxactive: idleNumber, idletimeout: idleDuration }).optional(),
      poolfifo: idleFlag,
      poolsize: idleNumber,
      pooltimeout: idleDuration,
      minidleconns: idleNumber,
      maxidleconns: idleNumber,
      maxactiveconns: idleNumber,
      connmaxidletime: idleDuration,
      connmaxlifetime: idleDuration,
      maxredirects: whole.default(3).transform((value) => (value === 0 ? 3 : Math.max(value, 0))),
      readonly: idleFlag,
      routebylatency: idleFlag,
      routerandomly: idleFlag,
      disableidentity: flag.default(false),
      identitysuffix: optionalText,
      unstableresp3: idleFlag,
      tls,
    })
    .transform((given, context): RedisConfig => {
      const { addr, mastername } = given
      const addrs = given.addrs.length > 0 || addr === undefined ? given.addrs : [addr]
      if (addrs.length > 1 || mastername !== undefined)
        for (const [index, one] of addrs.entries()) {
          const message = 'host:port: a unix socket can be the only server alone'
          if (one.startsWith('/')) context.addIssue({ code: 'custom', path: ['addrs', index], message })
        }
      return withoutUndefined({
        addrs,
        mastername,
        username: given.username,
        password: given.password,
        sentinelusername: given.sentinelusername,
        sentinelpassword: given.sentinelpassword,
        db: given.db,
        clientname: given.clientname,
        // Every server speaks 2; of 3 nothing is needed here.
        protocol: given.protocol === 3 ? (3 as const) : (2 as const),
        dialtimeout: given.dialtimeout,
        readtimeout: given.readtimeout,
        writetimeout: given.writetimeout,
        minretrybackoff: given.minretrybackoff,
        maxretrybackoff: Math.max(given.maxretrybackoff, given.minretrybackoff),
        maxredirects: given.maxredirects,
        disableidentity: given.disableidentity,
        identitysuffix: given.identitysuffix,
        tls: given.tls,
      })
    }),
)
