import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { distributionLayout } from '../../src/config/distribution-layout.ts'
import { configJsonSchema } from '../../src/config/json-schema.ts'
import { describePath } from '../../src/config/path.ts'
import { referenceMarkdown } from '../../src/config/reference-markdown.ts'
import { referenceKeys } from '../../src/config/reference.ts'
import { repositoryRoot } from '../support/require-program.ts'

const hint = 'run npm run build && node scripts/generate-docs.mjs'

function published(name: string): string {
  return readFileSync(join(repositoryRoot, 'docs', name), 'utf8')
}

describe('what is published', () => {
  it('is the reference that the program prints', () => {
    assert.equal(published('configuration.md'), referenceMarkdown(distributionLayout), hint)
  })

  it('is the JSON Schema that the program prints', () => {
    assert.deepEqual(JSON.parse(published('berth.schema.json')), configJsonSchema(distributionLayout), hint)
  })

  it('names every key, its variable, its default and its meaning', () => {
    const text = published('configuration.md')
    for (const { path, variable, about } of referenceKeys(distributionLayout)) {
      const name = describePath(path).replaceAll('[0]', '[]')
      const start = Math.max(text.indexOf(`\n- **\`${name}\`** `), text.search(heading(name)))
      assert.ok(start >= 0, `${name} is not described`)
      const entry = text.slice(start, start + 2000)
      if (variable !== undefined) assert.ok(entry.includes(`\`${variable}\``), `${name}: ${variable}`)
      if (about.default !== undefined) assert.ok(entry.includes(`default \`${about.default}\``), name)
      assert.ok(entry.includes(about.meaning), name)
    }
  })

  it('marks what is ours and what is not available', () => {
    const text = published('configuration.md')
    assert.match(text, /\*\*`http\.trustedproxies`\*\* .* \*\*Berth\*\*/)
    assert.match(text, /## `reporting`\n\n.* \*\*Not available in this version: ignored with a warning\.\*\*/)
  })
})

/** Of a section, or of a list of sections. */
function heading(name: string): RegExp {
  return new RegExp(`\\n##+ \`${name.replaceAll(/[[\].]/g, '\\$&')}(?:\\[\\])?\`\\n`)
}
