import assert from 'node:assert/strict'
import test from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { basic } from '../auth/htpasswd-file.ts'
import { outcome } from '../http/in-process.ts'
import type { HttpResponse } from '../support/http.ts'
import { passwords, startGuarded, type GuardedOptions, type GuardedVictim } from './auth-victim.ts'

const viaProxy: GuardedOptions = { http: { trustedproxies: ['127.0.0.1'] } }

/** Failures of one user from one address that cost nothing. */
const free = 5

interface Attempt {
  readonly user: string
  readonly password?: string
  /** `X-Forwarded-For` */
  readonly from?: string
}

async function login(
  victim: GuardedVictim,
  { user, password = passwords[user], from }: Attempt,
): Promise<HttpResponse> {
  const headers = {
    Authorization: basic(user, password ?? ''),
    ...(from !== undefined && { 'X-Forwarded-For': from }),
  }
  return await victim.call('GET', '/v2/', { headers })
}

async function fail(victim: GuardedVictim, times: number, attempt: Attempt): Promise<readonly string[]> {
  const outcomes: string[] = []
  for (let number = 0; number < times; number++)
    outcomes.push(outcome(await login(victim, { ...attempt, password: `guess ${number}` })))
  return outcomes
}

function slowed(answer: HttpResponse): boolean {
  if (answer.status !== 429) return false
  assert.equal(outcome(answer), '429 TOOMANYREQUESTS')
  assert.match(String(answer.headers['retry-after']), /^[1-9]\d?$/)
  assert.equal(answer.headers['www-authenticate'], undefined)
  return true
}

void test('whoever guesses passwords', async (t) => {
  await t.test('is slowed down, and told for how long', async (sub) => {
    const victim = await startGuarded(sub, viaProxy)
    const guesser = { user: 'alice', from: '192.0.2.1' }
    const outcomes = await fail(victim, 20, guesser)
    assert.deepEqual(
      outcomes.slice(0, free),
      outcomes.slice(0, free).map(() => '401 UNAUTHORIZED'),
    )
    assert.ok(
      outcomes.slice(free).every((each) => each === '429 TOOMANYREQUESTS'),
      outcomes.join(),
    )
    assert.ok(slowed(await login(victim, guesser)), 'also with the right password, else guessing goes on')
  })

  await t.test('is slowed down at the token service as well', async (sub) => {
    const victim = await startGuarded(sub, viaProxy)
    const ask = async (number: number): Promise<HttpResponse> => {
      const headers = { Authorization: basic('alice', `guess ${number}`), 'X-Forwarded-For': '192.0.2.1' }
      return await victim.call('GET', '/auth/token', { headers })
    }
    for (let number = 0; number < free; number++) assert.equal((await ask(number)).status, 401)
    assert.ok(slowed(await ask(free)))
    assert.ok(slowed(await login(victim, { user: 'alice', from: '192.0.2.1' })), 'one count for both')
  })

  await t.test('locks nobody out', async (sub) => {
    const victim = await startGuarded(sub, viaProxy)
    assert.equal((await login(victim, { user: 'bob', from: '192.0.2.1' })).status, 200)
    await fail(victim, 100, { user: 'alice', from: '192.0.2.1' })
    assert.equal((await login(victim, { user: 'alice', from: '192.0.2.2' })).status, 200, 'elsewhere')
    assert.equal((await login(victim, { user: 'bob', from: '192.0.2.1' })).status, 200, 'another, there')
    assert.equal((await victim.call('GET', '/v2/open/app/manifests/latest')).status, 200, 'nobody')
  })

  await t.test('is not a client that goes on with a password of yesterday', async (sub) => {
    const victim = await startGuarded(sub, viaProxy)
    const there = { user: 'alice', from: '192.0.2.1' }
    for (let number = 0; number < 50; number++)
      assert.ok([401, 429].includes((await login(victim, { ...there, password: 'of yesterday' })).status))
    assert.equal((await login(victim, there)).status, 200)
  })

  await t.test('cannot use as many users as he likes', async (sub) => {
    const victim = await startGuarded(sub, viaProxy)
    assert.equal((await login(victim, { user: 'bob', from: '192.0.2.1' })).status, 200)
    let refused = 0
    for (let number = 0; number < 100; number++) {
      const answer = await login(victim, { user: `user-${number}`, password: 'x', from: '192.0.2.1' })
      if (!slowed(answer)) refused++
    }
    assert.ok(refused >= 30 && refused <= 70, `${refused} of 100 were tried`)
    assert.equal((await login(victim, { user: 'bob', from: '192.0.2.1' })).status, 200)
  })

  await t.test('cannot have many tries by trying at once', async (sub) => {
    const victim = await startGuarded(sub, viaProxy)
    const tries = Array.from({ length: 50 }, (_, number) =>
      login(victim, { user: 'alice', password: `guess ${number}`, from: '192.0.2.1' }),
    )
    const outcomes = (await Promise.all(tries)).map(outcome)
    assert.ok(outcomes.filter((each) => each === '401 UNAUTHORIZED').length <= free, outcomes.join())
  })

  await t.test('has one address of all that a network of IPv6 has', async (sub) => {
    const victim = await startGuarded(sub, viaProxy)
    const outcomes: string[] = []
    for (let number = 1; number <= 20; number++) {
      const from = `2001:db8:0:1::${number.toString(16)}`
      outcomes.push(outcome(await login(victim, { user: 'alice', password: `guess ${number}`, from })))
    }
    assert.ok(outcomes.includes('429 TOOMANYREQUESTS'))
    assert.equal((await login(victim, { user: 'alice', from: '2001:db8:0:2::1' })).status, 200)
  })
})

void test('an address counts when somebody says it who is to be believed', async (t) => {
  const headersOf: Readonly<Record<string, (number: number) => Readonly<Record<string, string>>>> = {
    'X-Forwarded-For': (number) => ({ 'X-Forwarded-For': `198.51.100.${number}` }),
    Forwarded: (number) => ({ Forwarded: `for=198.51.100.${number}` }),
    'X-Real-IP': (number) => ({ 'X-Real-Ip': `198.51.100.${number}` }),
  }
  let guesses = 0
  const guess = async (
    victim: GuardedVictim,
    more: Readonly<Record<string, string>>,
  ): Promise<HttpResponse> => {
    const headers = { Authorization: basic('alice', `guess ${guesses++}`), ...more }
    return await victim.call('GET', '/v2/', { headers })
  }

  for (const [name, headers] of Object.entries(headersOf)) {
    for (const trustedproxies of [undefined, ['192.0.2.1']]) {
      await t.test(`${name}, and ${trustedproxies ? 'another proxy' : 'none'} is`, async (sub) => {
        const victim = await startGuarded(sub, { http: { ...(trustedproxies && { trustedproxies }) } })
        for (let number = 0; number < free; number++) await guess(victim, headers(number))
        assert.ok(slowed(await guess(victim, headers(free))), 'all came from here')
      })
    }
  }

  await t.test('and not the one that a client wrote before it', async (sub) => {
    const victim = await startGuarded(sub, viaProxy)
    for (let number = 0; number < free; number++)
      await guess(victim, { 'X-Forwarded-For': `198.51.100.${number}, 192.0.2.1` })
    assert.ok(slowed(await guess(victim, { 'X-Forwarded-For': '198.51.100.99, 192.0.2.1' })))
    assert.equal((await guess(victim, { 'X-Forwarded-For': '192.0.2.1, 198.51.100.1' })).status, 401)
  })

  await t.test('of whatever length and form', async (sub) => {
    const victim = await startGuarded(sub, viaProxy)
    for (const from of [
      'x'.repeat(5000),
      '::',
      '1.2.3.4:5',
      '[::1]',
      ',,,',
      '%00',
      '-1',
      'unknown',
      '1'.repeat(100),
    ])
      assert.ok([401, 429].includes((await guess(victim, { 'X-Forwarded-For': from })).status), from)
    await victim.checkUnharmed()
  })
})

void test('many who guess take little memory', async (t) => {
  const victim = await startGuarded(t, viaProxy)
  const guess = async (number: number): Promise<void> => {
    const from = `10.${(number >> 8) & 255}.${number & 255}.1`
    const user = `user-${number}-${'x'.repeat(2_000)}`
    const { status } = await login(victim, { user, password: `guess ${number}`, from })
    assert.ok(status === 401 || status === 429)
  }
  const guessAll = async (first: number, last: number): Promise<void> => {
    for (let number = first; number < last; number += 20)
      await Promise.all(Array.from({ length: 20 }, (_, index) => guess(number + index)))
  }
  const count = 2_000
  // What is made once.
  await guessAll(0, count)
  await delay(2_500)
  const before = memoryInUse()
  await guessAll(count, 2 * count)
  // What is told of them is gathered for a second.
  await delay(2_500)
  const grown = (memoryInUse() - before) / count
  // Some tables with short entries, and nothing of what was sent.
  assert.ok(grown < 1_500, `${Math.round(grown)} bytes for each`)
})

/** Bytes of JavaScript's objects, without garbage. */
function memoryInUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

void test('an unknown user takes as long as a wrong password', async (t) => {
  const victim = await startGuarded(t, { ...viaProxy, cost: 8 })
  const times = { known: [] as number[], unknown: [] as number[] }
  const take = async (kind: keyof typeof times, user: string, number: number): Promise<void> => {
    const from = `10.${kind === 'known' ? 1 : 2}.${number}.1`
    const start = performance.now()
    assert.equal((await login(victim, { user, password: `guess ${number}`, from })).status, 401)
    times[kind].push(performance.now() - start)
  }
  const samples = 60
  for (let number = 0; number < samples; number++) {
    // Now one first and now the other.
    const kinds = [
      ['known', 'alice'],
      ['unknown', `nobody-${number}`],
    ] as const
    for (const [kind, user] of number % 2 === 0 ? kinds : kinds.toReversed()) await take(kind, user, number)
  }
  const known = median(times.known)
  const unknown = median(times.unknown)
  const ratio = unknown / known
  assert.ok(ratio > 0.7 && ratio < 1.4, `known ${known.toFixed(1)} ms, unknown ${unknown.toFixed(1)} ms`)
})

void test('a hash that takes days is not compared', async (t) => {
  const hash = 'abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde'
  const lines = ['31', '20', '18', '99', '03', '00']
    .map((cost) => `slow-${cost}:$2y$${cost}$${hash}\n`)
    .join('')
  const victim = await startGuarded(t, { ...viaProxy, lines })
  const start = performance.now()
  for (const [index, cost] of ['31', '20', '18', '99', '03', '00'].entries()) {
    const from = `192.0.2.${index}`
    assert.equal((await login(victim, { user: `slow-${cost}`, password: 'x', from })).status, 401, cost)
    assert.equal((await login(victim, { user: 'alice', from })).status, 200, 'the others')
  }
  assert.ok(performance.now() - start < 10_000)
})

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}
