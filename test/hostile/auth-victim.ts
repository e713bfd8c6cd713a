import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { basic, htpasswdFile } from '../auth/htpasswd-file.ts'
import { emptyConfig, image, octets } from '../http/content.ts'
import { startApp, type TestServer } from '../http/in-process.ts'
import type { HttpOptions } from '../support/http.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { raw, rawOutcome, type RawAnswer, type RawOptions } from './raw.ts'

/** A registry that asks who somebody is, and must let in nobody else. */
export interface GuardedVictim extends TestServer {
  /** Sends bytes and checks what every answer owes. */
  attack(bytes: string | readonly string[], options?: RawOptions): Promise<RawAnswer>
  /** Throws unless those who may still may, and nobody else. */
  checkUnharmed(what?: string): Promise<void>
}

export const passwords: Readonly<Record<string, string>> = { alice: 'secret of alice', bob: 'secret of bob' }

export interface GuardedOptions {
  /** Whether somebody may pull without a login: then there are tokens. */
  readonly hasTokens?: boolean
  readonly http?: Readonly<Record<string, unknown>>
  /** More lines of the password file. */
  readonly lines?: string
  /** Of bcrypt. */
  readonly cost?: number
}

export const realm = 'hostile'

/** The password of alice, who may do everything. */
export const asAlice: string = basic('alice', passwords['alice'] ?? '')

export async function startGuarded(t: TestContext, options: GuardedOptions = {}): Promise<GuardedVictim> {
  const { hasTokens = true, http = {}, lines = '', cost } = options
  const path = join(temporaryFolder(t).path, 'htpasswd')
  writeFileSync(path, (await htpasswdFile(passwords, cost)) + lines)
  const everybody = { who: ['anonymous'], repositories: ['open/**'], allow: ['pull', 'list'] }
  const server = await startApp(t, {
    auth: { htpasswd: { realm, path } },
    access: {
      rules: [
        { who: ['user:alice'], repositories: ['**'], allow: ['all'] },
        ...(hasTokens ? [everybody] : []),
      ],
    },
    http,
  })
  await fill(server)
  return {
    ...server,
    attack: async (bytes, rawOptions) => {
      const answer = await raw(server.port, bytes, rawOptions)
      assert.notEqual(answer.status, 500, answer.text.slice(0, 500))
      rawOutcome(answer)
      return answer
    },
    checkUnharmed: async (what = '') => {
      const manifest = '/v2/closed/app/manifests/latest'
      const ask = async (headers?: HttpOptions['headers']): Promise<number> =>
        (await server.call('GET', manifest, headers && { headers })).status
      assert.equal(await ask({ Authorization: asAlice }), 200, what)
      assert.equal(await ask(), 401, what)
    },
  }
}

async function fill(server: TestServer): Promise<void> {
  const push = async (method: string, path: string, type: string, body: Buffer): Promise<void> => {
    const headers = { ...octets, 'Content-Type': type, Authorization: asAlice }
    const answer = await server.call(method, path, { headers, body })
    assert.equal(answer.status, 201, answer.body.toString())
  }
  const manifest = image()
  for (const name of ['open/app', 'closed/app']) {
    const uploads = `/v2/${name}/blobs/uploads/?digest=${emptyConfig.digest}`
    await push('POST', uploads, 'application/octet-stream', emptyConfig.content)
    await push('PUT', `/v2/${name}/manifests/latest`, manifest.mediaType, manifest.content)
  }
}

/** A request for something that is not for everybody. */
export function closed(headers: readonly string[], method = 'GET'): string {
  const lines = ['Host: registry.example', ...headers].map((line) => `${line}\r\n`)
  return `${method} /v2/closed/app/manifests/latest HTTP/1.1\r\n${lines.join('')}\r\n`
}
