/**
 * Runs the compiled tests with node:test. Folders or files may be named, relative to `build/`: `node scripts/test.mjs test/http`.
 * (`node --test` of Node 20 knows no patterns, and takes every file of a folder named `test` for one.)
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const named = process.argv.slice(2).map((name) => join('build', name))
const places = named.length > 0 ? named : ['build/src', 'build/test']
const files = places.flatMap((place) =>
  statSync(place).isFile()
    ? [place]
    : readdirSync(place, { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.test.js'))
        .map((file) => join(place, file)),
)
if (files.length === 0) throw new Error(`no tests in ${places.join(', ')}`)
// What test files share, such as a store that takes long to start, ends when this folder or this process goes.
const folder = mkdtempSync(join(tmpdir(), 'berth-run-'))
writeFileSync(join(folder, 'pid'), String(process.pid))
// Two files at a time: most wait for something, and on two processors node:test would take one.
const flags = ['--test', '--test-reporter=spec', '--test-concurrency=2']
const run = spawnSync(process.execPath, [...flags, ...files.toSorted()], {
  stdio: 'inherit',
  env: { ...process.env, BERTH_TEST_RUN: folder },
})
rmSync(folder, { recursive: true, force: true })
process.exitCode = run.status ?? 1
