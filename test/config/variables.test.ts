import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { requireProgram } from '../support/require-program.ts'
import {
  checkedFiles,
  deletes,
  fields,
  header,
  onDisk,
  readOnly,
  refused,
  relative,
  seenAtBerth,
  seenAtDistribution,
  type Look,
  type Seen,
} from './looks.ts'

// Whether a variable does in Berth what it does in Distribution 2.8 and 3, which are started and looked at. Where it does
// not, the case says why; docs/configuration.md tells users.

interface Case {
  readonly title: string
  readonly file?: Readonly<Record<string, unknown>>
  /** `log.fields` of the file. */
  readonly fields?: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string>>
  readonly look: Look
  /** What all three make of it, ... */
  readonly all?: Seen
  /** ... or each. `chance`: it is not always the same. */
  readonly two?: Seen
  readonly three?: Seen
  readonly berth?: Seen
  readonly why?: string
}

/** What a case expects where the same configuration is not always seen the same. */
const chance = Symbol('chance')

const readonlySection = { storage: { maintenance: { readonly: { enabled: false } } } }

const cases: readonly Case[] = [
  {
    title: 'a value has the type that YAML gives it',
    env: {
      REGISTRY_LOG_FIELDS_A: '0123',
      REGISTRY_LOG_FIELDS_B: '"0123"',
      REGISTRY_LOG_FIELDS_C: 'yes',
      REGISTRY_LOG_FIELDS_D: '0x1f',
      REGISTRY_LOG_FIELDS_E: '1_000',
      REGISTRY_LOG_FIELDS_F: '0b11',
      REGISTRY_LOG_FIELDS_G: '1.0',
      REGISTRY_LOG_FIELDS_H: '08',
      REGISTRY_LOG_FIELDS_I: '1:30',
      REGISTRY_LOG_FIELDS_J: '2024-01-01',
      REGISTRY_LOG_FIELDS_K: 'OFF',
      REGISTRY_LOG_FIELDS_L: '+1',
      REGISTRY_LOG_FIELDS_M: '.5',
      REGISTRY_LOG_FIELDS_N: '""',
      REGISTRY_LOG_FIELDS_O: 'y',
      REGISTRY_LOG_FIELDS_P: ' padded ',
      REGISTRY_LOG_FIELDS_Q: '[1, a, off]',
      REGISTRY_LOG_FIELDS_R: 'a # comment',
      REGISTRY_LOG_FIELDS_S: '1e3',
      REGISTRY_LOG_FIELDS_U: '-0b11',
      REGISTRY_LOG_FIELDS_V: '1,000',
      REGISTRY_LOG_FIELDS_W: '-0x1f',
      REGISTRY_LOG_FIELDS_X: '1.5e+3',
      REGISTRY_LOG_FIELDS_Y: '0.1_5',
    },
    look: fields,
    all: {
      a: 83,
      b: '0123',
      c: true,
      d: 31,
      e: 1000,
      f: 3,
      g: 1,
      h: 8,
      i: '1:30',
      j: '2024-01-01',
      k: false,
      l: 1,
      m: 0.5,
      n: '',
      o: true,
      p: 'padded',
      q: [1, 'a', false],
      r: 'a',
      s: 1000,
      u: -3,
      v: '1,000',
      w: -31,
      x: 1500,
      y: 0.15,
    },
  },
  {
    title: 'a field is replaced, another one added, in lower case',
    fields: { service: 'a', kept: 1 },
    env: { REGISTRY_LOG_FIELDS_SERVICE: 'b', REGISTRY_LOG_FIELDS_NEW: 'c', REGISTRY_LOG_FIELDS_Kept: '2' },
    look: fields,
    all: { service: 'b', new: 'c', kept: 2 },
  },
  {
    title: 'a whole map is replaced, then added to',
    fields: { service: 'a' },
    env: { REGISTRY_LOG_FIELDS_B: '2', REGISTRY_LOG_FIELDS: '{a: 1}' },
    look: fields,
    all: { a: 1, b: 2 },
  },
  {
    title: 'an empty value unsets',
    fields: { service: 'a' },
    env: { REGISTRY_LOG_FIELDS: '' },
    look: fields,
    all: {},
  },
  {
    title: 'an underscore leads a level down',
    env: { REGISTRY_LOG_FIELDS_MY_FIELD: 'x' },
    look: fields,
    all: { my: { field: 'x' } },
  },
  {
    title: 'no level is below a single value',
    fields: { service: 'a' },
    env: { REGISTRY_LOG_FIELDS_SERVICE_X: '1' },
    look: fields,
    all: { service: 'a' },
  },
  {
    title: 'a field that the file spells with capitals',
    fields: { Service: 'a' },
    env: { REGISTRY_LOG_FIELDS_SERVICE: 'b' },
    look: fields,
    two: { Service: 'a', service: 'b' },
    three: { Service: 'a', service: 'b' },
    berth: { Service: 'b' },
    why: 'what the variable was meant to replace is replaced',
  },
  {
    title: 'octal numbers as YAML 1.2 writes them',
    env: { REGISTRY_LOG_FIELDS_A: '0o17' },
    look: fields,
    two: { a: 15 },
    three: { a: 15 },
    berth: { a: '0o17' },
    why: 'not YAML 1.1, in which they are text',
  },
  {
    title: 'headers as a map',
    file: { http: { headers: { 'X-Test': ['old'] } } },
    env: { REGISTRY_HTTP_HEADERS: '{X-Test: [a, b]}' },
    look: header,
    all: 'a, b',
  },
  {
    title: 'a header that the file lacks',
    env: { 'REGISTRY_HTTP_HEADERS_X-TEST': '[a]' },
    look: header,
    all: 'a',
  },
  {
    title: 'a header that the file has',
    file: { http: { headers: { 'X-Test': ['old'] } } },
    env: { 'REGISTRY_HTTP_HEADERS_X-TEST': '[new]' },
    look: header,
    two: chance,
    three: chance,
    berth: 'new',
    why: 'in Distribution both stand side by side, and either may be sent',
  },
  {
    title: 'one value of a header',
    env: { 'REGISTRY_HTTP_HEADERS_X-TEST': 'a' },
    look: header,
    all: refused,
  },
  {
    title: 'a header by the number of its value',
    env: { 'REGISTRY_HTTP_HEADERS_X-TEST_0': 'a' },
    look: header,
    two: undefined,
    three: '',
    berth: 'a',
    why: 'version 2 follows no number, version 3 appends an empty text and stops',
  },
  {
    title: 'a section of parameters, in JSON',
    env: { REGISTRY_STORAGE_MAINTENANCE_READONLY: '{"enabled":true}' },
    look: readOnly,
    all: true,
  },
  {
    title: 'the section around it, in YAML',
    env: { REGISTRY_STORAGE_MAINTENANCE: '{readonly: {enabled: true}}' },
    look: readOnly,
    all: true,
  },
  {
    title: 'a parameter below a section that the file lacks',
    env: { REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: 'true' },
    look: readOnly,
    two: refused,
    three: refused,
    berth: true,
    why: 'Distribution crashes',
  },
  {
    title: 'a parameter below a section that the file has',
    file: readonlySection,
    env: { REGISTRY_STORAGE_MAINTENANCE_READONLY_ENABLED: 'true' },
    look: readOnly,
    two: false,
    three: false,
    berth: true,
    why: 'Distribution ignores it',
  },
  {
    title: 'a flag of a section that the file lacks',
    env: { REGISTRY_STORAGE_DELETE_ENABLED: 'true' },
    look: deletes,
    all: true,
  },
  {
    title: 'a section with a flag',
    env: { REGISTRY_STORAGE_DELETE: '{enabled: true}' },
    look: deletes,
    all: true,
  },
  {
    title: 'a storage section as text, and a flag in it',
    env: { REGISTRY_STORAGE: 'inmemory', REGISTRY_STORAGE_DELETE_ENABLED: 'true' },
    look: deletes,
    all: true,
  },
  {
    title: 'a storage section as text takes the place of the driver',
    env: { REGISTRY_STORAGE: 'inmemory' },
    look: onDisk,
    all: false,
  },
  {
    title: 'a second driver',
    env: { REGISTRY_STORAGE_INMEMORY: '{}' },
    look: onDisk,
    all: refused,
  },
  {
    title: 'no access control',
    env: { REGISTRY_AUTH: 'none' },
    look: onDisk,
    all: true,
  },
  {
    title: 'a flag',
    env: { REGISTRY_HTTP_RELATIVEURLS: 'on' },
    look: relative,
    all: true,
  },
  {
    title: 'a flag in quotes',
    env: { REGISTRY_HTTP_RELATIVEURLS: '"true"' },
    look: relative,
    all: refused,
  },
  {
    title: 'an empty flag',
    file: { http: { relativeurls: true } },
    env: { REGISTRY_HTTP_RELATIVEURLS: '' },
    look: relative,
    all: false,
  },
  {
    title: 'letter case counts in the names of fields',
    env: { REGISTRY_HTTP_Relativeurls: 'true', REGISTRY_HTTP_RELATIVE_URLS: 'true' },
    look: relative,
    all: false,
  },
  {
    title: 'nothing is below a field',
    env: { REGISTRY_HTTP_RELATIVEURLS_X: '[' },
    look: relative,
    all: false,
  },
  {
    title: 'a number that is none',
    env: { REGISTRY_CATALOG_MAXENTRIES: 'many' },
    look: relative,
    all: refused,
  },
  {
    title: 'a duration that is none',
    env: { REGISTRY_HTTP_DRAINTIMEOUT: 'soon' },
    look: relative,
    all: refused,
  },
  {
    title: 'a value that is not YAML',
    env: { REGISTRY_HTTP_HOST: '[' },
    look: relative,
    all: refused,
  },
  {
    title: 'a whole list of sections',
    env: { REGISTRY_HEALTH_FILECHECKERS: '[{file: /nowhere/a, interval: 1h}, {file: /nowhere/b}]' },
    look: checkedFiles,
    all: ['/nowhere/a', '/nowhere/b'],
  },
  {
    title: 'a list of sections by numbers',
    env: {
      REGISTRY_HEALTH_FILECHECKERS_0_FILE: '/nowhere/a',
      REGISTRY_HEALTH_FILECHECKERS_0_INTERVAL: '1h',
      REGISTRY_HEALTH_FILECHECKERS_1_FILE: '/nowhere/b',
    },
    look: checkedFiles,
    two: [],
    three: ['/nowhere/a', '/nowhere/b'],
    berth: ['/nowhere/a', '/nowhere/b'],
    why: 'version 2 follows no number',
  },
  {
    title: 'a number beyond the end of the list',
    env: { REGISTRY_HEALTH_FILECHECKERS_1_FILE: '/nowhere/a' },
    look: checkedFiles,
    two: [],
    three: refused,
    berth: refused,
    why: 'version 2 follows no number',
  },
  {
    title: 'a word where a number belongs',
    env: { REGISTRY_HEALTH_FILECHECKERS_FIRST_FILE: '/nowhere/a' },
    look: checkedFiles,
    two: [],
    three: refused,
    berth: refused,
    why: 'version 2 follows no number',
  },
  {
    title: 'the key of the file is not always the name of the field',
    env: { REGISTRY_HEALTH_FILE: '[{file: /nowhere/a}]' },
    look: checkedFiles,
    all: [],
  },
  {
    title: 'what Kubernetes makes of a service called registry',
    env: {
      REGISTRY_PORT: 'tcp://10.0.0.1:5000',
      REGISTRY_PORT_5000_TCP: 'tcp://10.0.0.1:5000',
      REGISTRY_PORT_5000_TCP_ADDR: '10.0.0.1',
      REGISTRY_SERVICE_HOST: '10.0.0.1',
      REGISTRY_SERVICE_PORT_HTTP: '5000',
    },
    look: onDisk,
    all: true,
  },
  {
    title: 'what Kubernetes makes of a service called registry-storage',
    env: { REGISTRY_STORAGE_PORT: 'tcp://10.0.0.1:5000', REGISTRY_STORAGE_SERVICE_HOST: '10.0.0.1' },
    look: onDisk,
    two: refused,
    three: refused,
    berth: true,
    why: 'Distribution takes port and service for drivers',
  },
  {
    title: 'the version',
    env: { REGISTRY_VERSION: '9' },
    look: onDisk,
    two: refused,
    three: refused,
    berth: true,
    why: 'it could not have an effect',
  },
]

describe('variables, in Distribution 2.8 and 3 and in Berth', () => {
  for (const { title, file = {}, fields: given = {}, env, look, why, ...expected } of cases) {
    it(why === undefined ? title : `${title} (differs: ${why})`, async (t) => {
      if (!requireProgram(t, 'docker-registry', 'distribution3')) return
      const configuration = { config: file, fields: given, env }
      const [two, three] = await Promise.all([
        seenAtDistribution('distribution2', configuration, look),
        seenAtDistribution('distribution3', configuration, look),
      ])
      const seen = { two, three, berth: seenAtBerth(configuration, look) }
      for (const who of ['two', 'three', 'berth'] as const) {
        const wanted = who in expected ? expected[who] : expected.all
        if (wanted !== chance) assert.deepEqual(seen[who], wanted, who)
      }
    })
  }
})
