import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import * as fc from 'fast-check'
import { FilesystemDriver } from '../../src/storage/filesystem/driver.ts'
import { MemoryDriver } from '../../src/storage/memory/driver.ts'
import type { StorageDriver } from '../../src/storage/driver.ts'
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts'
import { difference } from './answer.ts'
import { operations, type Operation } from './operations.ts'
import { startRegistryUnderTest, type RegistryUnderTest } from './registry-under-test.ts'
import { Specification } from './specification.ts'

/*
 * Random calls of the whole API against the real handler over HTTP, each answer compared with what a small model of the
 * specification says. A failure prints its seed and path: FC_SEED and FC_PATH run it again. BERTH_FULL makes ten times
 * as many sequences.
 */

const factor = process.env['BERTH_FULL'] === undefined ? 1 : 10
const seed = Number(process.env['FC_SEED'] ?? Date.now() % 2 ** 31)
const path = process.env['FC_PATH']

async function compare(registry: RegistryUnderTest, sequence: readonly Operation[]): Promise<void> {
  const specification = new Specification()
  for (const operation of sequence) {
    if (operation.kind === 'restart') registry.restart()
    for (const { request, expected } of specification.steps(operation)) {
      const answer = await registry.send(request)
      const differences = expected.map((each) => difference(request, answer, each))
      const right = differences.indexOf(undefined)
      const told = `${request.method} ${request.path} ${JSON.stringify(request.headers)}`
      assert.notEqual(
        right,
        -1,
        `${told}\n  ${differences.join('\n  ')}\n  ${answer.body.toString().slice(0, 500)}`,
      )
      assert.deepEqual(registry.unexpected(), [], told)
      expected[right]?.effect?.(answer)
    }
  }
}

function describeModel(name: string, runs: number, makeDriver: () => StorageDriver, clean: () => void): void {
  describe(`the API as the specification has it, on ${name}`, () => {
    let registry: RegistryUnderTest
    before(async () => {
      registry = await startRegistryUnderTest(makeDriver())
    })
    after(async () => {
      await registry.close()
      clean()
    })

    it(`random calls, seed ${seed}`, async () => {
      const property = fc.asyncProperty(operations(100), async (sequence) => {
        clean()
        registry.restart(makeDriver())
        await compare(registry, sequence)
      })
      await fc.assert(property, {
        seed,
        numRuns: runs * factor,
        includeErrorInReport: true,
        ...(path !== undefined && { path }),
        // Shrinking goes on as long as it takes, but not for ever.
        interruptAfterTimeLimit: 300_000 * factor,
        markInterruptAsFailure: false,
      })
    })
  })
}

describeModel(
  'memory',
  100,
  () => new MemoryDriver(),
  () => {},
)

let folder: TemporaryFolder | undefined
describeModel(
  'a file system',
  30,
  () => {
    folder ??= temporaryFolder()
    return new FilesystemDriver({ rootDirectory: join(folder.path, 'root') })
  },
  () => {
    if (folder !== undefined) rmSync(join(folder.path, 'root'), { recursive: true, force: true })
  },
)

after(async () => folder?.remove())
