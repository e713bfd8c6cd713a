import assert from 'node:assert/strict'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { ConfigError } from './config-error.ts'
import { findFile } from './find-file.ts'
import { withFile } from './test-load.ts'

test('the argument counts before the variable, that before the well-known places', () => {
  withFile('', (file) => {
    const other = join(dirname(file), '.', 'config.yml')
    const env = { REGISTRY_CONFIGURATION_PATH: other }
    assert.equal(findFile({ argument: file, env, places: [] }), file)
    assert.equal(findFile({ env, places: [] }), other)
    assert.equal(findFile({ env: {}, places: ['/nowhere/config.yml', dirname(file), file] }), file)
    assert.equal(findFile({ env: { REGISTRY_CONFIGURATION_PATH: '' }, places: [] }), undefined)
  })
})

test('a file that was named must be there', () => {
  withFile('', (file) => {
    const cases: readonly (readonly [string, RegExp])[] = [
      [`${file}.gone`, /does not exist$/],
      [join(file, 'below'), /does not exist$/],
      [dirname(file), /is a folder$/],
    ]
    for (const [argument, expected] of cases) {
      for (const options of [{ argument, env: {} }, { env: { REGISTRY_CONFIGURATION_PATH: argument } }]) {
        assert.throws(
          () => findFile({ ...options, places: [file] }),
          (error) => error instanceof ConfigError && expected.test(error.message),
        )
      }
    }
  })
})
