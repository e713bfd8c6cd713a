import { basename } from 'node:path'
import { parseYaml } from './document.ts'
import { describePath, type Path } from './path.ts'
import { toPlain } from './plain.ts'
import type { Source } from './source.ts'
import type { Tree } from './tree.ts'

/** Writes a tree as YAML, with the source of each value as a comment. */
export function printYaml(tree: Tree): string {
  return `${(isFlat(tree) ? [flat(tree)] : lines(tree, '')).join('\n')}\n`
}

/**
 * The same for programs: `configuration` in the form of the file, and `sources`, by path, of what has not its default.
 */
export function printJson(tree: Tree): string {
  const sources = Object.fromEntries(valueSources(tree, []))
  return `${JSON.stringify({ configuration: toPlain(tree), sources }, undefined, 2)}\n`
}

function valueSources(tree: Tree, path: Path): readonly (readonly [string, string])[] {
  if (isFlat(tree)) return tree.source.kind === 'default' ? [] : [[describePath(path), describe(tree.source)]]
  if (tree.kind === 'map')
    return [...tree.entries].flatMap(([key, inner]) => valueSources(inner, [...path, key]))
  if (tree.kind === 'list') return tree.items.flatMap((item, index) => valueSources(item, [...path, index]))
  return []
}

function lines(tree: Tree, indent: string): readonly string[] {
  if (tree.kind === 'map') {
    return [...tree.entries].flatMap(([key, inner]) =>
      entry(`${indent}${scalar(key)}:`, inner, `${indent}  `),
    )
  }
  if (tree.kind === 'list') {
    return tree.items.flatMap((item) => {
      if (isFlat(item)) return [`${indent}- ${flat(item)}`]
      // The first key of a map, or item of a list, stands beside the dash.
      return lines(item, `${indent}  `).map((line, index) =>
        index === 0 ? `${indent}- ${line.trimStart()}` : line,
      )
    })
  }
  return [`${indent}${flat(tree)}`]
}

function entry(key: string, tree: Tree, indent: string): readonly string[] {
  return isFlat(tree) ? [`${key} ${flat(tree)}`] : [key, ...lines(tree, indent)]
}

function isFlat(tree: Tree): boolean {
  if (tree.kind === 'scalar') return true
  return tree.kind === 'map' ? tree.entries.size === 0 : tree.items.length === 0
}

/** A value on its line, with its source. */
function flat(tree: Tree): string {
  const value = tree.kind === 'scalar' ? scalar(tree.value) : tree.kind === 'map' ? '{}' : '[]'
  return `${value} # ${describe(tree.source)}`
}

/** `config.yml:3`: columns are of no use here, and the folder stands at the top. */
function describe(source: Source): string {
  if (source.kind === 'file') return `${printable(basename(source.file))}:${source.line}`
  return source.kind === 'variable' ? printable(source.name) : 'default'
}

/** Names of files and variables may hold anything, a line feed included. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, '?')
}

/** Words, paths and durations. */
const safe = /^(?:[A-Za-z/][\w/.+@-]*|(?:\d+(?:h|ms?|s|ns))+)$/

/** Text is quoted unless it can only be read as that text. */
function scalar(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return String(value)
  if (safe.test(value) && isText(value)) return value
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function isText(text: string): boolean {
  const { tree } = parseYaml(text, { variable: '' })
  return tree.kind === 'scalar' && tree.value === text
}
