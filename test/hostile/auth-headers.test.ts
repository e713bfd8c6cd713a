import assert from 'node:assert/strict'
import test, { type TestContext } from 'node:test'
import { basic } from '../auth/htpasswd-file.ts'
import { asAlice, closed, realm, startGuarded, type GuardedOptions } from './auth-victim.ts'
import { rawOutcome } from './raw.ts'

/** Milliseconds; for one answer, on a machine that does much else. */
const soon = 5_000

function base64(bytes: string | Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}

void test('credentials that are none let nobody in', async (t) => {
  for (const hasTokens of [true, false]) {
    await t.test(hasTokens ? 'where there are tokens' : 'where there are none', async (part) => {
      const victim = await startGuarded(part, { hasTokens, http: { trustedproxies: ['127.0.0.1'] } })
      const [, right = ''] = asAlice.split(' ')
      const values: Readonly<Record<string, string>> = {
        'nothing but a scheme': 'Basic',
        'a scheme and a space': 'Basic ',
        'no base64': 'Basic ?????',
        'base64 with a line break in it': `Basic ${right.slice(0, 8)}\t${right.slice(8)}`,
        'base64 after base64': `Basic ${right} ${right}`,
        'base64 that ends too early': `Basic ${right.slice(0, -3)}`,
        'no UTF-8': `Basic ${base64(Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('alice:x')]))}`,
        'no colon': `Basic ${base64('alice')}`,
        'an empty user': `Basic ${base64(':secret of alice')}`,
        'an empty password': `Basic ${base64('alice:')}`,
        'two colons': `Basic ${base64('alice::secret of alice')}`,
        'a colon in the user': `Basic ${base64('ali:ce:secret of alice')}`,
        'NUL behind the user': `Basic ${base64('alice\0:secret of alice')}`,
        'NUL behind the password': `Basic ${base64('alice:secret of alice\0')}`,
        'NUL before all': `Basic ${base64('\0alice:secret of alice')}`,
        'a line break behind the user': `Basic ${base64('alice\n:secret of alice')}`,
        'a line of a password file': `Basic ${base64('x:y\nalice:$2y$04$abc')}`,
        'a user by the way of another': `Basic ${base64('../alice:secret of alice')}`,
        __proto__: `Basic ${base64('__proto__:x')}`,
        constructor: `Basic ${base64('constructor:x')}`,
        'letters that only look alike': `Basic ${base64('аlice:secret of alice')}`,
        'the user in capitals': `Basic ${base64('ALICE:secret of alice')}`,
        'a space behind the user': `Basic ${base64('alice :secret of alice')}`,
        'a password that begins as it should': `Basic ${base64(`alice:secret of alice${'x'.repeat(80)}`)}`,
        'a password of 3000 characters': `Basic ${base64(`alice:${'x'.repeat(3000)}`)}`,
        'a user of 3000 characters': `Basic ${base64(`${'x'.repeat(3000)}:x`)}`,
        '60 KiB': `Basic ${base64(`alice:${'x'.repeat(45_000)}`)}`,
        'no scheme': right,
        'another scheme': `Digest ${right}`,
        'a scheme of many letters': `${'B'.repeat(10_000)} ${right}`,
        'many schemes': 'Basic '.repeat(5_000),
        'Bearer and nothing': 'Bearer ',
        'Bearer and spaces': 'Bearer a b c',
        'Bearer and dots': `Bearer ${'.'.repeat(50_000)}`,
        'Bearer and a password': `Bearer ${right}`,
        'Bearer of 60 KiB': `Bearer ${'e30.'.repeat(15_000)}`,
        'Bearer and braces': `Bearer ${base64('{"alg":"none"}')}.${base64('{"sub":"alice"}')}.`,
      }
      for (const [index, [what, value]] of Object.entries(values).entries()) {
        const start = performance.now()
        // From an address each: that one tries too often is another test.
        const headers = [`Authorization: ${value}`, `X-Forwarded-For: 192.0.2.${index}`]
        const answer = await victim.attack(closed(headers))
        assert.equal(rawOutcome(answer), '401 UNAUTHORIZED', what)
        assert.ok(performance.now() - start < soon, what)
        const challenge = answer.headers.get('www-authenticate') ?? ''
        assert.ok(challenge.startsWith(hasTokens ? 'Bearer realm=' : 'Basic realm='), challenge)
      }
    })
  }
})

void test('a header larger than a head may be', async (t) => {
  const victim = await startGuarded(t)
  const start = performance.now()
  for (const scheme of ['Basic', 'Bearer']) {
    const answer = await victim.attack(closed([`Authorization: ${scheme} ${'QUFB'.repeat(256 * 1024)}`]), {
      timeoutMs: 30_000,
    })
    assert.ok(answer.status === 431 || answer.status === 0, String(answer.status))
  }
  assert.ok(performance.now() - start < 2 * soon)
  await victim.checkUnharmed()
})

void test('of two headers one counts, and always the same', async (t) => {
  const victim = await startGuarded(t)
  const right = `Authorization: ${asAlice}`
  const wrong = `Authorization: ${basic('alice', 'wrong')}`
  // The first, as in Go: a proxy that looks at the first and lets it pass is not deceived by the second.
  assert.equal((await victim.attack(closed([wrong, right]))).status, 401)
  assert.equal((await victim.attack(closed([right, wrong]))).status, 200)
  assert.equal((await victim.attack(closed([wrong, right].map((line) => line.toLowerCase())))).status, 401)
  for (const name of ['Proxy-Authorization', 'X-Authorization', 'Cookie', 'Authorization-Info']) {
    assert.equal((await victim.attack(closed([`${name}: ${asAlice}`]))).status, 401, name)
  }
})

void test('a login is for one request, not for its connection', async (t) => {
  const victim = await startGuarded(t)
  const both = closed([`Authorization: ${asAlice}`]) + closed([])
  assert.deepEqual((await victim.attack(both, { answers: 2 })).statuses, [200, 401])
})

function scope(name: string, actions = 'pull'): string {
  return `scope=repository:${name}:${actions}`
}

void test('the token service, asked for too much', async (t) => {
  const victim = await startGuarded(t)
  const ask = async (query: string, method = 'GET'): Promise<string> => {
    const start = performance.now()
    const line = `${method} /auth/token?${query} HTTP/1.1\r\nHost: registry.example\r\n\r\n`
    const outcome = rawOutcome(await victim.attack(line))
    assert.ok(performance.now() - start < soon, query.slice(0, 100))
    return outcome
  }
  const long = 'a'.repeat(200)
  const rows: readonly (readonly [what: string, query: string, outcome: RegExp])[] = [
    ['a hundred scopes', Array.from({ length: 100 }, (_, i) => scope(`open/${i}`)).join('&'), /^200$/],
    ['a hundred and one', Array.from({ length: 101 }, (_, i) => scope(`open/${i}`)).join('&'), /^400 /],
    ['the same in one', `scope=${'repository:open/app:pull+'.repeat(101)}`, /^400 /],
    ['two thousand', Array.from({ length: 2000 }, (_, i) => scope(`o/${i}`)).join('&'), /^400 /],
    ['ten thousand empty ones', 'scope=&'.repeat(9_000), /^200$/],
    ['spaces', `scope=${'+'.repeat(60_000)}`, /^200$/],
    ['a hundred long ones', Array.from({ length: 100 }, () => scope(`open/${long}`)).join('&'), /^200$/],
    ['actions without end', scope('open/app', 'pull,'.repeat(12_000)), /^200$/],
    ['commas', scope('open/app', ','.repeat(60_000)), /^200$/],
    ['colons', `scope=${':'.repeat(60_000)}`, /^400 /],
    ['a name of colons', scope(':'.repeat(60_000)), /^200$/],
    ['brackets', `scope=${'repository('.repeat(5_000)}`, /^400 /],
    ['letters and no colon', `scope=${'a'.repeat(60_000)}`, /^400 /],
    ['actions that are none', scope('open/app', `${'a'.repeat(60_000)}!`), /^400 /],
    ['a name that climbs', scope('../../closed/app'), /^200$/],
    ['NUL', scope('open/app%00'), /^(?:200|400 .*)$/],
    ['no percent-encoding', 'scope=%zz', /^400 /],
    ['many fields', 'a=b&'.repeat(15_000), /^200$/],
    ['more than a head may be', `scope=${'a'.repeat(70_000)}`, /^(?:431 UNKNOWN|closed)$/],
  ]
  for (const [what, query, outcome] of rows) assert.match(await ask(query), outcome, what)
  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PURGE'])
    assert.match(await ask('', method), method === 'OPTIONS' ? /^200$/ : /^(?:405|405 UNSUPPORTED)$/, method)
  await victim.checkUnharmed()
})

/** Of a challenge to a request with these headers. */
async function challengeTo(
  t: TestContext,
  options: GuardedOptions,
  headers: string,
): Promise<string | undefined> {
  const victim = await startGuarded(t, options)
  return (await victim.attack(`GET /v2/ HTTP/1.1\r\n${headers}\r\n`)).headers.get('www-authenticate')
}

function realmOf(challenge: string | undefined): string | undefined {
  return /realm="([^"]*)"/.exec(challenge ?? '')?.[1]
}

void test('the realm of a challenge', async (t) => {
  const evil = 'Host: evil.example\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n'

  await t.test('is that of http.host, whatever a client says', async (sub) => {
    const http = { host: 'https://registry.example.com' }
    assert.equal(realmOf(await challengeTo(sub, { http }, evil)), 'https://registry.example.com/auth/token')
  })

  await t.test('is not what somebody says who is no proxy of ours', async (sub) => {
    const http = { trustedproxies: ['192.0.2.1'] }
    const headers = 'Host: registry.example\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\n'
    assert.equal(realmOf(await challengeTo(sub, { http }, headers)), 'http://registry.example/auth/token')
  })

  for (const host of ['a"b', 'a",error="x', 'a\\', 'a b', 'a/b', 'user@a', 'a?b', 'a#b', 'é', '%41', '<a>']) {
    await t.test(`echoes no host such as ${host}`, async (sub) => {
      const challenge = await challengeTo(sub, {}, `Host: ${host}\r\n`)
      assert.match(challenge ?? '', /^Bearer realm="\/auth\/token",service="[\w.-]+"$/)
    })
  }

  await t.test('is the one of the file for passwords', async (sub) => {
    assert.equal(realmOf(await challengeTo(sub, { hasTokens: false }, evil)), realm)
  })
})
