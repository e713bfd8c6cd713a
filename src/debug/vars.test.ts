import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { CollectionCount, memoryStats, redactedArguments } from './vars.ts'

describe('the command line', () => {
  it('is shown as it is where it holds no secret', () => {
    const args = [
      '/usr/bin/node',
      'main.cjs',
      'serve',
      '/etc/distribution/config.yml',
      '--defaults',
      '--keyboard',
    ]
    assert.deepEqual(redactedArguments(args.slice(0, 5)), args.slice(0, 5))
  })

  it('is shown without secrets', () => {
    assert.deepEqual(
      redactedArguments([
        'berth',
        '--password=hunter2',
        '--token',
        'hunter2',
        '--s3-secret-key=hunter2',
        'https://user:hunter2@example.com/hunter',
        '--password',
        '--verbose',
      ]),
      [
        'berth',
        '--password=xxxxx',
        '--token',
        'xxxxx',
        '--s3-secret-key=xxxxx',
        'https://xxxxx@example.com/hunter',
        '--password',
        '--verbose',
      ],
    )
  })
})

describe('the memory', () => {
  it("is told by Go's names", () => {
    const count = new CollectionCount()
    const stats = memoryStats(count)
    count.stop()
    for (const name of [
      'Alloc',
      'Sys',
      'HeapAlloc',
      'HeapSys',
      'HeapIdle',
      'HeapInuse',
      'NumGC',
      'PauseTotalNs',
    ])
      assert.ok(Number.isInteger(stats[name]) && (stats[name] ?? -1) >= 0, name)
    assert.ok((stats['Sys'] ?? 0) > (stats['HeapAlloc'] ?? Infinity))
  })

  it('counts collections', async () => {
    const count = new CollectionCount()
    try {
      for (let round = 0; round < 1000 && count.runs === 0; round++) {
        Array.from({ length: 200_000 }, (_, index) => ({ index }))
        await sleep(1)
      }
      assert.ok(count.runs > 0)
      assert.ok(count.pause > 0)
    } finally {
      count.stop()
    }
  })
})
