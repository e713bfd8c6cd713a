import {
  hasKeys,
  namedKeys,
  type Layout,
  type Leaf,
  type OpenMap,
  type Struct,
  type ValueType,
} from './layout.ts'
import { describePath } from './path.ts'
import { referenceKeys, type ReferenceKey } from './reference.ts'

/** A schema or a part of one, as JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * The JSON Schema (2020-12) of the configuration file, for editors. It takes what the registry takes, but knows only
 * JSON's types: YAML's other words for flags (`yes`, `off`) and Go's leniency (a number where text belongs) are allowed
 * for. Unknown keys, which get a warning from the registry, are mistakes here.
 */
export function configJsonSchema(layout: Struct): JsonSchema {
  const keys = new Map(referenceKeys(layout).map((key) => [describePath(key.path), key]))
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration of a Berth or Distribution registry',
    ...new Writer(keys).schema(layout, []),
    type: 'object',
    required: ['version'],
  }
}

class Writer {
  readonly #keys: ReadonlyMap<string, ReferenceKey>

  constructor(keys: ReadonlyMap<string, ReferenceKey>) {
    this.#keys = keys
  }

  /** @param path in the layout, of which the reference tells */
  schema(layout: Layout, path: readonly (string | number)[]): JsonSchema {
    const key = this.#keys.get(describePath(path))
    if (key === undefined) return this.#type(layout, path)
    // Another name of a whole section.
    const other = hasKeys(layout) ? key.about.replacedBy : undefined
    if (other !== undefined) return { ...annotations(key), $ref: `#${pointer(other)}` }
    return { ...annotations(key), ...this.#type(layout, path) }
  }

  #type(layout: Layout, path: readonly (string | number)[]): JsonSchema {
    switch (layout.kind) {
      case 'struct':
      case 'map':
        return this.#section(layout, path)
      case 'list':
        return { type: ['array', 'null'], items: this.schema(layout.item, [...path, 0]) }
      default:
        return leaf(layout, path)
    }
  }

  #section(layout: Struct | OpenMap, path: readonly (string | number)[]): JsonSchema {
    const named = Object.entries(namedKeys(layout))
    const others = layout.kind === 'map' ? layout.others : undefined
    return {
      ...(layout.kind === 'map' && layout.shorthand ? shorthand(layout) : { type: ['object', 'null'] }),
      ...(named.length > 0 && {
        properties: Object.fromEntries(
          named.map(([key, inner]) => [key, this.schema(inner, [...path, key])]),
        ),
      }),
      additionalProperties: others === undefined ? false : this.schema(others, [...path, '*']),
    }
  }
}

function pointer(key: string): string {
  return key
    .split('.')
    .map((part) => `/properties/${part}`)
    .join('')
}

/** A map, or the name of one of its keys. */
function shorthand({ known }: OpenMap): JsonSchema {
  return { type: ['object', 'string', 'null'], pattern: `^(?:|${Object.keys(known).join('|')})$` }
}

function annotations({ about, since, availability, secret, layout }: ReferenceKey): JsonSchema {
  const isOld = (about.replacedBy !== undefined && !hasKeys(layout)) || since === '2 only'
  const remarks = [
    about.meaning,
    ...(about.unset === undefined ? [] : [`Without it: ${about.unset}.`]),
    ...(since === 'berth' ? ['Berth only.'] : since === '2 and 3' ? [] : [`Distribution ${since}.`]),
    ...(secret ? ['Secret.'] : []),
    ...(availability.kind === 'here' ? [] : ['Not available in this version.']),
  ]
  return {
    description: remarks.join(' '),
    ...(about.default !== undefined && { default: about.default }),
    ...(isOld && { deprecated: true }),
  }
}

function leaf({ type, kind }: Leaf, path: readonly (string | number)[]): JsonSchema {
  if (type === undefined) return {}
  // Drivers take their parameters as text too, for Distribution's are untyped.
  const isLenient = kind === 'value' && path[0] === 'storage' && path.length > 2
  return typed(type, isLenient)
}

/** Go's YAML takes any single value as text. */
const anyText = { type: ['string', 'number', 'boolean', 'null'] }

/** YAML 1.1's words for flags are text to an editor that reads YAML 1.2. */
const flagWords = '^(?:[Yy]|[Yy]es|YES|[Nn]|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF)$'

/** What Go's `strconv.ParseBool` takes as well. */
const parsedFlagWords = '^(?:[01tTfF]|TRUE|[Tt]rue|FALSE|[Ff]alse)$'

const durationPattern = '^[-+]?(?:0|(?:(?:\\d+\\.?\\d*|\\.\\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$'

function typed(type: ValueType, isLenient: boolean): JsonSchema {
  switch (type.name) {
    case 'flag': {
      const words = isLenient ? [flagWords, parsedFlagWords] : [flagWords]
      return {
        anyOf: [{ type: ['boolean', 'null'] }, ...words.map((pattern) => ({ type: 'string', pattern }))],
      }
    }
    case 'whole number': {
      const { minimum, maximum } = type
      const bounds = { ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) }
      const number = { type: ['integer', 'null'], ...bounds }
      return isLenient ? { anyOf: [number, { type: 'string', pattern: '^-?\\d+$' }] } : number
    }
    case 'duration':
      return { type: ['string', 'number', 'null'], pattern: durationPattern }
    case 'word':
      if (type.open === true) return { anyOf: [{ enum: type.words }, anyText] }
      return {
        anyOf: [
          { enum: type.words.flatMap(readings) },
          { type: ['string', 'null'], pattern: inAnyCase(type.words) },
        ],
      }
    default:
      return anyText
  }
}

/** A word, and what YAML makes of it when it is not quoted: `0.1`, `off`. */
function readings(word: string): readonly unknown[] {
  if (word === 'off') return [word, false]
  return Number.isNaN(Number(word)) ? [word] : [word, Number(word)]
}

/** The words come first as an enumeration, which editors can complete; the pattern takes them in any letter case. */
function inAnyCase(words: readonly string[]): string {
  const each = words.map((word) =>
    word.replaceAll(/[a-z]/gi, (letter) => `[${letter.toUpperCase()}${letter.toLowerCase()}]`),
  )
  return `^(?:|${each.join('|')})$`
}
