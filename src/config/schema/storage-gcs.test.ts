import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { gcs } from './storage-gcs.ts'

/** The place and the text of each problem. */
function problemsOf(given: object): readonly string[] {
  const { error } = gcs.safeParse(given)
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`)
}

describe('the parameters of gcs', () => {
  it("have Distribution's defaults", () => {
    assert.deepEqual(gcs.parse({ bucket: 'b' }), {
      name: 'gcs',
      bucket: 'b',
      rootdirectory: '',
      chunksize: 16_777_216,
      maxconcurrency: 50,
    })
  })

  it('are read as loosely as Go reads them', () => {
    const credentials = { type: 'service_account', client_email: 'a@b.example', private_key: 'k' }
    assert.deepEqual(
      gcs.parse({
        bucket: 12_345,
        rootdirectory: '/a/',
        keyfile: '',
        credentials,
        chunksize: '5242880',
        maxconcurrency: '3',
        useragent: 'me',
      }),
      {
        name: 'gcs',
        bucket: '12345',
        rootdirectory: '/a/',
        credentials,
        chunksize: 5_242_880,
        maxconcurrency: 25,
        useragent: 'me',
      },
    )
    assert.equal('credentials' in gcs.parse({ bucket: 'b', credentials: {} }), false)
    assert.equal(gcs.parse({ bucket: 'b', keyfile: '/etc/key.json' }).keyfile, '/etc/key.json')
  })

  it('say what is allowed', () => {
    const chunk = 'chunksize: a multiple of 262144, such as 16777216'
    const cases: readonly (readonly [object, string])[] = [
      [{ bucket: '' }, 'bucket: the name of a bucket'],
      [{ chunksize: 5_000_000 }, chunk],
      [{ chunksize: 0 }, chunk],
      [{ chunksize: '16MB' }, chunk],
      [{ chunksize: -262_144 }, chunk],
      [{ credentials: '{}' }, "credentials: a map with the fields of a service account's key"],
      [{ maxconcurrency: 'many' }, 'maxconcurrency: a whole number'],
    ]
    for (const [change, expected] of cases)
      assert.deepEqual(problemsOf({ bucket: 'b', ...change }), [expected], JSON.stringify(change))
  })
})
