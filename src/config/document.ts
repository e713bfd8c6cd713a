import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLParseError,
} from 'yaml'
import { ConfigError, describeProblem, type Problem } from './config-error.ts'
import type { Path } from './path.ts'
import type { Source } from './source.ts'
import type { Located, Tree } from './tree.ts'

/** More than any configuration needs; an alias counts as often as it is used, which stops alias bombs. */
const maxValues = 20_000
const maxDepth = 50

/** Where the document comes from: a file, whose lines count, or one variable. */
export type Origin = { readonly file: string } | { readonly variable: string }

export interface ParsedDocument {
  readonly tree: Tree
  /** Keys that are given more than once. The last one counts. */
  readonly repeated: readonly Problem[]
}

/** Where that is no mistake: a warning. */
export function describeRepeated(problem: Problem): string {
  return describeProblem({ ...problem, text: `${problem.text}, the last one counts` })
}

/**
 * Parses YAML with the types that Go's yaml.v2, which Distribution uses, gives to values: YAML 1.1 booleans (`yes`,
 * `off`), octal `0123`, but neither times nor base-60 numbers.
 *
 * @throws ConfigError when it is not one well-formed document of reasonable size
 */
export function parseYaml(text: string, origin: Origin): ParsedDocument {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    version: '1.1',
    resolveKnownTags: false,
    customTags: (tags) => tags.filter((tag) => typeof tag !== 'string' && isGoTag(tag)),
    lineCounter: lines,
    // Its "pretty" messages quote the source, which may hold secrets.
    prettyErrors: false,
    // Go lets the later of two equal keys win; so do we, with a warning, but for our own.
    uniqueKeys: false,
    logLevel: 'error',
  })
  return new Converter(document, origin, lines).convert(text)
}

function isGoTag(tag: { readonly tag: string; readonly format?: string }): boolean {
  const name = tag.tag.replace('tag:yaml.org,2002:', '')
  return ['map', 'seq', 'str', 'null', 'bool', 'int', 'float'].includes(name) && tag.format !== 'TIME'
}

/** Turns the library's nodes into a `Tree`: aliases and merge keys resolved, positions kept. */
class Converter {
  readonly #document: Document.Parsed
  readonly #origin: Origin
  readonly #lines: LineCounter
  readonly #anchors = new Map<string, Node>()
  readonly #open = new Set<Node>()
  readonly #repeated: Problem[] = []
  #values = 0

  constructor(document: Document.Parsed, origin: Origin, lines: LineCounter) {
    this.#document = document
    this.#origin = origin
    this.#lines = lines
  }

  convert(text: string): ParsedDocument {
    const [error] = this.#document.errors
    // Only the first: those that follow are mostly its consequences.
    if (error !== undefined) this.#fail(this.#sourceAt(error.pos[0]), [], reasonOf(error, text))
    const start = this.#sourceAt(0)
    const tree = this.#tree(this.#document.contents, [], { source: start, keySource: start })
    return { tree, repeated: this.#repeated }
  }

  #tree(node: unknown, path: Path, key: Located): Tree {
    const source = isNode(node) ? this.#sourceAt(node.range?.[0]) : key.keySource
    if (++this.#values > maxValues || path.length > maxDepth) {
      this.#fail(source, [], `too large: more than ${maxValues} values or ${maxDepth} levels`)
    }
    const located = { source, keySource: key.keySource }
    if (isAlias(node)) return this.#alias(node.source, path, located)
    if (isNode(node) && node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    if (isMap(node)) return this.#guarded(node, located, () => this.#map(node.items, path, located))
    if (isSeq(node)) {
      return this.#guarded(node, located, () => {
        const items = node.items.map((item, index) => {
          const at = isNode(item) ? this.#sourceAt(item.range?.[0]) : source
          return this.#tree(item, [...path, index], { source: at, keySource: at })
        })
        return { kind: 'list', items, ...located }
      })
    }
    const value = isScalar(node) ? node.value : null
    const text = isScalar(node) ? (node.source ?? '') : ''
    if (typeof value === 'number' || typeof value === 'string' || typeof value === 'boolean') {
      return { kind: 'scalar', value, text, ...located }
    }
    return { kind: 'scalar', value: null, text: '', ...located }
  }

  #alias(name: string, path: Path, located: Located): Tree {
    // Anchors are noted in the order of the document, so this is the nearest one before the alias, as YAML wants.
    const target = this.#anchors.get(name)
    if (target === undefined)
      this.#fail(located.source, path, `alias of an anchor that does not exist (${quoteIt})`)
    return this.#tree(target, path, located)
  }

  #guarded(node: Node, located: Located, convert: () => Tree): Tree {
    if (this.#open.has(node)) this.#fail(located.source, [], 'an anchor must not hold an alias of itself')
    this.#open.add(node)
    try {
      return convert()
    } finally {
      this.#open.delete(node)
    }
  }

  #map(
    items: readonly { readonly key: unknown; readonly value: unknown }[],
    path: Path,
    located: Located,
  ): Tree {
    const entries = new Map<string, Tree>()
    const merged: Tree[] = []
    for (const { key, value } of items) {
      const keySource = isNode(key) ? this.#sourceAt(key.range?.[0]) : located.source
      if (!isScalar(key) && key !== null) this.#fail(keySource, path, 'a key must be plain text')
      const name = isScalar(key) ? (key.source ?? '') : ''
      const inner = this.#tree(value, [...path, name], { source: keySource, keySource })
      if (name === '<<' && isScalar(key) && (key.type ?? 'PLAIN') === 'PLAIN') {
        merged.push(...(inner.kind === 'list' ? inner.items : [inner]))
        continue
      }
      if (entries.has(name))
        this.#repeated.push({ source: keySource, path: [...path, name], text: 'given more than once' })
      entries.set(name, inner)
    }
    // A map's own keys win over merged ones, and earlier merged maps over later ones.
    for (const map of merged) {
      if (map.kind !== 'map') this.#fail(map.source, path, 'only maps can be merged with <<')
      for (const [name, inner] of map.entries) if (!entries.has(name)) entries.set(name, inner)
    }
    return { kind: 'map', entries, ...located }
  }

  #sourceAt(offset = 0): Source {
    if ('variable' in this.#origin) return { kind: 'variable', name: this.#origin.variable }
    const { line, col } = this.#lines.linePos(offset)
    // An empty text has no line at all, which the counter calls line 0.
    return { kind: 'file', file: this.#origin.file, line: Math.max(line, 1), column: Math.max(col, 1) }
  }

  #fail(source: Source, path: Path, text: string): never {
    throw new ConfigError([{ source, path, text }])
  }
}

function isNode(node: unknown): node is Node {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)
}

/** What becomes of patterns: `[**]` is an alias in YAML, and in `[users/{user}/**]` a map begins. */
const quoteIt = 'quote a value that starts with * or holds {'

function reasonOf({ code, pos: [start] }: YAMLParseError, text: string): string {
  const reason = reasons[code] ?? 'not valid YAML'
  const isBrace =
    (code === 'MISSING_CHAR' && text[start] === '{') ||
    (code === 'UNEXPECTED_TOKEN' && text[start - 1] === '}')
  return isBrace ? `${reason} (${quoteIt})` : reason
}

/** Our words for the library's errors: its own may quote the text around the place, and so a secret. */
const reasons: Readonly<Record<string, string>> = {
  ALIAS_PROPS: 'not valid YAML: an alias cannot have an anchor or a tag',
  BAD_ALIAS: 'not valid YAML: bad alias (quote a value that starts with *)',
  BAD_DIRECTIVE: 'not valid YAML: bad directive (quote a value that starts with %)',
  BAD_DQ_ESCAPE: 'not valid YAML: bad escape sequence in double quotes',
  BAD_INDENT: 'not valid YAML: wrong indentation, or a closing bracket is missing',
  BAD_SCALAR_START: 'not valid YAML: quote a value that starts with this character',
  BLOCK_AS_IMPLICIT_KEY:
    'not valid YAML: a nested map must begin on its own line (quote a value that holds ": ")',
  BLOCK_IN_FLOW: 'not valid YAML: block style inside brackets',
  KEY_OVER_1024_CHARS: 'not valid YAML: a key of more than 1024 characters',
  MISSING_CHAR: 'not valid YAML: a closing quote, bracket, comma, colon or space is missing',
  MULTILINE_IMPLICIT_KEY: 'not valid YAML: a key must be on one line and followed by a colon',
  MULTIPLE_DOCS: 'must hold one YAML document, found several',
  RESOURCE_EXHAUSTION: 'too large: too many levels',
  TAB_AS_INDENT: 'not valid YAML: tabs cannot indent',
  UNEXPECTED_TOKEN: 'not valid YAML: unexpected character',
}
