import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { HttpSettings } from '../../src/http/settings.ts'
import type { ListenerOptions } from '../../src/server/listener.ts'
import { FilesystemDriver } from '../../src/storage/filesystem/driver.ts'
import { image, newBlob, pushBlob, pushManifest, type Content } from '../http/content.ts'
import { startParts, type TestServer } from '../http/in-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { raw, rawOutcome, type RawAnswer, type RawOptions } from './raw.ts'

/** A registry on disk that holds something of worth, and has to stay as it is. */
export interface Victim extends TestServer {
  readonly root: string
  /** A blob of the repository `victim`, which has a manifest under the tag `latest` too. */
  readonly blob: Content
  /** Takes what lies in the store now for what has to lie there in the end. */
  settle(): void
  /** Throws unless the store holds what it held, no half-written file lies there, and the server answers. */
  checkUnharmed(what?: string): Promise<void>
  /** Sends bytes and checks what every answer under `/v2/` owes, be it one that no handler gave. */
  attack(
    bytes: string | Uint8Array | readonly (string | Uint8Array)[],
    options?: RawOptions,
  ): Promise<RawAnswer>
}

export interface VictimOptions {
  readonly settings?: Partial<HttpSettings>
  readonly listener?: Partial<ListenerOptions>
}

export async function startVictim(t: TestContext, options: VictimOptions = {}): Promise<Victim> {
  const root = temporaryFolder(t).path
  const server = await startParts(t, { driver: new FilesystemDriver({ rootDirectory: root }), ...options })
  const blob = newBlob(3000)
  await pushBlob(server, 'victim', blob)
  await pushManifest(server, 'victim', 'latest', image())
  let before = filesBelow(root)
  const checkUnharmed = async (what = ''): Promise<void> => {
    // An upload whose client went away is begun, and tidied up, after the client knows: so one look is not enough.
    let found = filesBelow(root)
    for (let tries = 0, alike = 0; tries < 100 && alike < 3; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 10))
      found = filesBelow(root)
      alike = same(found, before) ? alike + 1 : 0
    }
    assert.deepEqual(found, before, `${what}: the store holds what it held`)
    assert.equal((await server.call('GET', '/v2/')).status, 200, what)
    assert.equal((await server.call('GET', '/v2/victim/manifests/latest')).status, 200, what)
  }
  return {
    ...server,
    root,
    blob,
    settle: () => {
      before = filesBelow(root)
    },
    checkUnharmed,
    attack: async (bytes, rawOptions) => {
      const answer = await raw(server.port, bytes, rawOptions)
      if (answer.status !== 0) {
        assert.equal(
          answer.headers.get('docker-distribution-api-version'),
          'registry/2.0',
          `no version header: ${JSON.stringify(answer.text.slice(0, 300))}`,
        )
        assert.notEqual(answer.status, 500, answer.text.slice(0, 500))
        rawOutcome(answer)
      }
      return answer
    },
  }
}

/** Every file below a folder, by its path; folders do not count. */
export function filesBelow(root: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted()
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((path, index) => path === other[index])
}

/** A request as bytes. */
export function request(line: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const all = { Host: 'registry.example', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body}`
}
