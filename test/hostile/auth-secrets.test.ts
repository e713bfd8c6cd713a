import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type TestContext } from 'node:test'
import { basic, htpasswdFile } from '../auth/htpasswd-file.ts'
import { http } from '../support/http.ts'
import { startRegistry, type RunningRegistry } from '../support/registry-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { raw } from './raw.ts'

const right = 'Right-Horse-7781'
const wrong = 'Wrong-Horse-9923'

/** Whatever must not stand anywhere, by what it is. */
type Secrets = Map<string, string>

/** What a registry said, and where. */
interface Said {
  readonly where: string
  readonly text: string
}

void test('no secret is told to anybody', async (t) => {
  for (const formatter of ['text', 'json', 'logstash']) {
    await t.test(`in logs of the form ${formatter}, at debug`, async (part) => {
      const folder = temporaryFolder(part).path
      const audit = join(folder, 'audit.log')
      const registry = await start(part, { formatter, folder, audit })
      const secrets: Secrets = new Map([
        ['the right password', right],
        ['a wrong one', wrong],
        ['its header', basic('alice', right).slice('Basic '.length)],
        ['the header of a wrong one', basic('alice', wrong).slice('Basic '.length)],
        ['the hash', hashOf(folder)],
      ])
      const said: Said[] = []
      await sayAll(registry, secrets, said)
      await registry.stop()
      said.push({ where: 'the logs', text: registry.output() })
      if (existsSync(audit)) said.push({ where: 'the audit log', text: readFileSync(audit, 'utf8') })
      assert.match(registry.output(), /login refused/)
      assert.match(registry.output(), /access decided/)
      for (const { where, text } of said) {
        for (const [what, secret] of secrets) {
          const at = text.indexOf(secret)
          assert.ok(at < 0, `${what} stands in ${where}: ${text.slice(Math.max(at - 200, 0), at + 50)}`)
        }
      }
    })
  }
})

async function start(
  t: TestContext,
  {
    formatter,
    folder,
    audit,
  }: { readonly formatter: string; readonly folder: string; readonly audit: string },
): Promise<RunningRegistry> {
  const path = join(folder, 'htpasswd')
  writeFileSync(path, (await htpasswdFile({ alice: right })) + 'broken line\nmd5:$apr1$abc$def\n')
  return await startRegistry(
    {
      kind: 'berth',
      config: {
        log: { level: 'debug', formatter, accesslog: { disabled: false } },
        auth: { htpasswd: { realm: 'secrets', path } },
        access: {
          rules: [
            { who: ['user:alice'], repositories: ['**'], allow: ['all'] },
            { who: ['anonymous'], repositories: ['open/**'], allow: ['pull'] },
          ],
        },
        audit: { file: audit },
      },
    },
    t,
  )
}

function hashOf(folder: string): string {
  return /^alice:(.*)$/m.exec(readFileSync(join(folder, 'htpasswd'), 'utf8'))?.[1] ?? ''
}

/** Everything that brings a secret, in its place or not, and keeps the answers. */
async function sayAll(registry: RunningRegistry, secrets: Secrets, said: Said[]): Promise<void> {
  const ask = async (
    method: string,
    path: string,
    authorization: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<unknown> => {
    const headers = { Authorization: authorization, ...more }
    const answer = await http(method, registry.url + path, { headers })
    const isToken = path.startsWith('/auth/token') && answer.status === 200
    const body = answer.body.toString()
    said.push({
      where: `the answer to ${method} ${path}`,
      text: JSON.stringify(answer.headers) + (isToken ? '' : body),
    })
    return isToken ? answer.json() : undefined
  }
  const mine = basic('alice', right)
  const { token } = (await ask(
    'GET',
    '/auth/token?scope=repository:open/app:pull,push&account=alice',
    mine,
  )) as {
    token: string
  }
  secrets.set('a token', token)
  secrets.set('the signature of a token', token.split('.')[2] ?? '')
  const changed = `${token.slice(0, -10)}AAAAAAAAAA`
  secrets.set('a token that is not good', changed)
  const attempts = [
    mine,
    basic('alice', wrong),
    basic('mallory', wrong),
    basic('md5', wrong),
    // Where the user should be, and the other way round.
    basic('', wrong),
    mine.replace('Basic', 'Bearer'),
    mine.replace('Basic', 'Digest'),
    mine.slice('Basic '.length),
    `${basic('alice', wrong)}!`,
    `Basic ${wrong}`,
    `Bearer ${wrong}`,
    `Bearer ${token}`,
    `Bearer ${changed}`,
    `Basic ${token}`,
    token,
  ]
  for (const authorization of attempts) {
    for (const [method, path] of [
      ['GET', '/v2/'],
      ['GET', '/v2/_catalog'],
      ['GET', '/v2/closed/app/manifests/latest'],
      ['DELETE', '/v2/open/app/manifests/latest'],
      ['POST', '/v2/open/app/blobs/uploads/'],
      ['GET', '/auth/token?scope=repository:open/app:pull'],
      ['POST', '/auth/token'],
      ['GET', '/v2/UPPER/tags/list'],
    ] as const)
      await ask(method, path, authorization, { 'Proxy-Authorization': authorization, Cookie: `a=${wrong}` })
  }
  // What Node refuses before anybody sees it, and who goes away.
  const lines = [
    `GET /v2/ HTTP/1.1\r\nHost: x\r\nAuthorization: ${mine}\r\n bad header: ${wrong}\r\n\r\n`,
    `GET /v2/ HTTP/1.1\r\nHost: x\r\nAuthorization: ${mine}\r\nContent-Length: ${wrong}\r\n\r\n`,
    `GET /v2/ HTTP/9.9\r\nHost: x\r\nAuthorization: ${mine}\r\n\r\n`,
    `GET /v2/ HTTP/1.1\r\nHost: x\r\nAuthorization: ${mine.repeat(4000)}\r\n\r\n`,
    `PUT /v2/open/app/manifests/a HTTP/1.1\r\nHost: x\r\nAuthorization: ${mine}\r\nContent-Length: 9\r\n\r\n{`,
  ]
  for (const line of lines) {
    const { text } = await raw(registry.port, line, { end: true })
    said.push({ where: `the answer to ${line.slice(0, 40)}`, text })
  }
}
