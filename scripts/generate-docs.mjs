#!/usr/bin/env node
/**
 * Writes docs/configuration.md and docs/berth.schema.json from the program's own description of its configuration. Run it after
 * `npm run build` whenever a key is added or described anew; test/config/documentation.test.ts fails until then.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'

const files = [
  ['reference', 'docs/configuration.md'],
  ['schema', 'docs/berth.schema.json'],
]
for (const [command, file] of files) {
  writeFileSync(file, execFileSync(process.execPath, ['build/src/main.cjs', 'config', command]))
}
execFileSync(
  'node_modules/.bin/oxfmt',
  files.map(([, file]) => file),
)
